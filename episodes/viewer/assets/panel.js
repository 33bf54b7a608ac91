// Everything known about one step, most important first. Sections that were opened stay open from step to step.

class Panel {
  constructor(data, stage) {
    this.data = data;
    this.stage = stage;
    this.open = new Map();
  }

  step(step, observation, when) {
    this.observation = observation;
    // boxes of the step lie in the frame that it saw, whichever of the two is shown
    this.saw = this.data.observations[step.saw];
    $("panel").replaceChildren(
      this.title(step),
      ...this.alarms(step),
      ...this.section("Thought", step.decision.thought && el("p", { class: "prose" }, step.decision.thought)),
      ...this.decided(step),
      ...this.section("Replay", step.decision.replayed && this.replayed(step.decision.replayed)),
      ...this.section(
        "Target",
        step.located.map((found) => this.located(found)),
      ),
      ...this.section(
        "Person",
        step.words.map((word) => row(word.kind, word.text || "—", seconds(word.at))),
      ),
      ...this.timings(step.timings),
      ...this.calls(step.calls),
      ...world(this, observation, when),
      ...this.fold("Intent", el("pre", {}, json(step.decision.intent))),
      ...this.fold("Action", step.action && el("pre", {}, json(step.action))),
      ...this.fold("Input sent", step.sent.length && this.sent(step.sent), step.sent.length),
      ...this.fold("Coordinates", step.chain.length && this.chain(step), step.chain.length),
      ...this.fold(
        "At the target",
        step.evidence.length && step.evidence.map((each) => this.crop(each)),
        step.evidence.length,
      ),
      ...this.fold("Memo", step.decision.memo !== null && el("pre", {}, json(step.decision.memo))),
    );
    $("panel").scrollTop = 0;
  }

  rest(rest, observation, steps) {
    this.observation = observation;
    const text = steps ? "What was seen last, after the last step." : "No step was taken.";
    $("panel").replaceChildren(
      el("h2", {}, icon("end"), el("span", {}, "End of the recording")),
      el("p", { class: "prose" }, text),
      ...this.calls(rest.calls),
      ...world(this, observation, "Seen last"),
    );
  }

  title(step) {
    const time = step.seconds === null ? "" : seconds(step.seconds);
    return el(
      "h2",
      {},
      icon(step.verb),
      el("span", {}, el("b", {}, step.what), step.where ? el("span", { class: "where" }, step.where) : null),
      el("small", {}, `step ${step.index}`, time && el("br"), time),
    );
  }

  alarms(step) {
    const cards = [];
    if (step.unknown)
      cards.push(
        card("unknown", "Begun, never ended", "The recording stops here. Whether the act happened cannot be told."),
      );
    if (!step.guard.allowed)
      cards.push(card("refused", `Refused${step.guard.rule ? ` by ${step.guard.rule}` : ""}`, step.guard.reason));
    if (step.error) cards.push(card("error", step.error.kind, step.error.message, step.error.remedy));
    return cards;
  }

  decided(step) {
    const { decision, guard } = step;
    const rows = [
      decision.source && row("by", decision.source),
      step.next.length &&
        row(
          "then",
          step.next.map((each) => el("div", {}, each)),
        ),
      guard.allowed && (guard.rule || guard.reason) && row("guard", `${guard.rule} ${guard.reason}`.trim()),
      step.reward !== null && row("reward", String(step.reward)),
    ].filter(Boolean);
    return this.section("Decision", rows);
  }

  // How a replay met the recorded step that this one does again: its verdict, and where each target was and is.
  replayed(again) {
    const verdict = again.verdict ?? "leads there";
    const through = ["identical", "cosmetic", "target-moved"].includes(verdict) && !again.repaired;
    const kind = again.verdict === null ? "" : through ? "found" : again.repaired ? "ambiguous" : "absent";
    return el(
      "div",
      { class: "replayed" },
      el(
        "p",
        {},
        el("span", { class: `pill ${kind}` }, again.repaired ? `${verdict}, repaired` : verdict),
        ` of recorded step ${again.step}`,
      ),
      again.why ? el("p", { class: "quiet" }, again.why) : null,
      again.waited ? el("p", { class: "quiet" }, `after waiting ${seconds(again.waited)}`) : null,
      again.places.map((place) => this.refound(place)),
    );
  }

  refound(place) {
    const share = (name, value) => value !== null && `${name} ${Math.round(100 * value)} %`;
    const facts = [
      place.by.length && `by ${place.by.join(" and ")}`,
      share("surroundings", place.context),
      share("looks", place.look),
    ].filter(Boolean);
    const spot = (name, box, label) => {
      const at = `${extent(box)} at ${round(box.left)}, ${round(box.top)}`;
      const item = el("li", { tabindex: "0" }, el("span", {}, name), el("small", {}, at));
      return this.stage.outlines(item, box, label, this.saw);
    };
    const lists = [
      place.box && spot("recorded here", place.box, place.label),
      place.now && spot(place.name && place.name !== place.label ? `now here: ${place.name}` : "now here", place.now, place.name),
      ...place.others.map((box, index) => spot(`could be meant: ${index + 1}`, box, "")),
    ].filter(Boolean);
    const { text, missing } = place.crop ? block(`blob-${place.crop.blob}`) : {};
    return el(
      "div",
      { class: "located" },
      el("p", {}, el("span", { class: "pill" }, place.verdict), el("b", {}, place.label)),
      facts.length ? el("p", { class: "quiet" }, facts.join(" · ")) : null,
      el("ul", { class: "candidates" }, lists),
      missing ? el("p", { class: "wrong" }, missing) : null,
      text ? el("img", { class: "crop", alt: "what was recorded around the target", src: pictureUrl(text) }) : null,
    );
  }

  located(found) {
    const { target } = found;
    const more = [
      target.near && `near “${target.near}”`,
      target.inside && `inside “${target.inside}”`,
      target.nth !== null && `number ${target.nth}`,
      target.role && `as ${target.role}`,
    ].filter(Boolean);
    const lists =
      {
        found: [
          ["", [found.place]],
          ["not chosen", found.others],
        ],
        ambiguous: [["equally good", found.candidates]],
        hidden: [[found.reason, [found.place]]],
        absent: [["nearest", found.nearest]],
      }[found.status] ?? [];
    return el(
      "div",
      { class: "located" },
      el(
        "p",
        {},
        el("span", { class: `pill ${found.status}` }, found.status),
        el("b", {}, `“${target.description}”`),
        more.length ? ` ${more.join(" ")}` : "",
      ),
      found.by ? el("p", { class: "quiet" }, `covered by ${found.by}`) : null,
      found.note ? el("p", { class: "quiet" }, found.note) : null,
      lists.map(([name, candidates]) =>
        candidates?.length
          ? [
              name && el("p", { class: "quiet" }, name),
              el(
                "ul",
                { class: "candidates" },
                candidates.map((each, index) =>
                  this.candidate(each, found.status === "ambiguous" ? `${index + 1}  ` : ""),
                ),
              ),
            ]
          : null,
      ),
    );
  }

  candidate(each, lead) {
    const { left, top } = each.box;
    const size = `${extent(each.box)} at ${round(left)}, ${round(top)}`;
    const item = el(
      "li",
      { tabindex: "0" },
      el("span", {}, lead, each.label),
      el("small", {}, `${each.source} · ${Math.round(each.confidence * 100)} % · ${size}`),
      each.context ? el("small", {}, each.context) : null,
    );
    return this.stage.outlines(item, each.box, "", this.saw);
  }

  timings(timings) {
    const parts = Object.entries(timings).filter(([name]) => name !== "step");
    if (!parts.length) return [];
    const longest = Math.max(...parts.map(([, value]) => value ?? 0), 1e-9);
    const bars = parts.map(([name, value]) => {
      const bar = el("i");
      bar.style.width = `${Math.max(0.5, (100 * (value ?? 0)) / longest)}%`;
      return [
        el("span", { title: name }, name),
        el("span", { class: "bar" }, bar),
        el("span", { class: "number" }, seconds(value)),
      ];
    });
    return this.section("Time", el("div", { class: "bars" }, bars));
  }

  calls(calls) {
    return this.section(
      calls.length > 1 ? `Model calls · ${calls.length}` : "Model call",
      calls.map((call) => this.call(call)),
    );
  }

  call(call) {
    const usage = call.reply?.usage;
    const facts = [
      seconds(call.seconds),
      call.reply && call.reply.first_token !== null && `first token ${seconds(call.reply.first_token)}`,
      usage && `${usage.prompt.toLocaleString("en")} → ${plural(usage.completion, "token")}`,
      usage?.cached && `${usage.cached.toLocaleString("en")} cached`,
      usage?.image && `${usage.image.toLocaleString("en")} of images`,
      call.reply?.finish,
    ].filter(Boolean);
    const views = call.views.map((view) => {
      const item = el(
        "li",
        { tabindex: "0" },
        `saw ${extent(view.crop)} sent as ${round(view.sent.width)} × ${round(view.sent.height)}`,
      );
      return this.stage.outlines(item, view.crop, "what the model saw", this.data.observations[view.observation]);
    });
    return el(
      "div",
      { class: "call" },
      el(
        "p",
        {},
        el("span", { class: `pill ${call.error ? "absent" : ""}` }, call.purpose),
        el("span", { class: "quiet" }, facts.join(" · ")),
      ),
      call.error ? el("p", { class: "wrong" }, call.error) : null,
      views.length ? el("ul", { class: "candidates" }, views) : null,
      call.reply ? el("pre", { class: "reply" }, call.reply.text) : null,
      el(
        "p",
        { class: "quiet", title: `request blob ${call.request}` },
        [call.id, call.reply?.model, `request ${call.request.slice(0, 12)}`].filter(Boolean).join(" · "),
      ),
    );
  }

  sent(sent) {
    return el(
      "ol",
      { class: "sent" },
      sent.map((each) => el("li", {}, el("b", {}, each.device), ` ${each.event} `, el("code", {}, each.detail))),
    );
  }

  chain(step) {
    return el(
      "ol",
      { class: "sent" },
      step.chain.map(({ source, target, transform: t }) =>
        el(
          "li",
          {},
          el("b", {}, source),
          " → ",
          el("b", {}, target),
          el("br"),
          el("code", {}, `× ${round(t.scale_x)}, ${round(t.scale_y)}  + ${round(t.shift_x)}, ${round(t.shift_y)}`),
        ),
      ),
    );
  }

  crop(each) {
    const { text, missing } = block(`blob-${each.crop.blob}`);
    const picture = missing
      ? el("p", { class: "wrong" }, missing)
      : el("img", { class: "crop", alt: "what stood at the target", src: pictureUrl(text) });
    const words = [each.role, each.name && `“${each.name}”`].filter(Boolean).join(" ");
    const item = el(
      "figure",
      { tabindex: "0" },
      picture,
      el("figcaption", {}, words, each.path ? el("small", {}, each.path) : null),
    );
    return this.stage.outlines(item, each.box, "", this.saw);
  }

  section(name, content) {
    const filled = Array.isArray(content) ? content.length > 0 : Boolean(content);
    return filled ? [el("section", {}, el("h3", {}, name), content)] : [];
  }

  // `content` may be a function, called when the section is first opened.
  fold(name, content, count = 0) {
    if (!content) return [];
    const body = el("div");
    const details = el(
      "details",
      { open: this.open.get(name) ?? false },
      el("summary", {}, name, count > 1 ? el("small", {}, String(count)) : null),
      body,
    );
    const show = () => {
      if (!body.hasChildNodes()) fill(body, {}, [typeof content === "function" ? content() : content]);
    };
    details.addEventListener("toggle", () => {
      this.open.set(name, details.open);
      if (details.open) show();
    });
    if (details.open) show();
    return [details];
  }
}
