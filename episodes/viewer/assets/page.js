// Which step is shown, and every way to change that: list, scrubber, keys, address.

const PLAY_MS = 1400;

const KEYS = [
  ["← →", "previous and next step"],
  ["Home End", "first and last step"],
  ["Space", "play and pause"],
  ["B", "before and after"],
  ["Z", "fit the window, or native resolution"],
  ["F", "only the screenshot"],
  ["1 2 3", "action, boxes, moving regions"],
  ["I", "about this run"],
  ["?", "these keys"],
];

class Viewer {
  constructor(data) {
    this.data = data;
    this.entries = data.steps.map((step) => ({ step, address: `#step-${step.index}` }));
    if (data.rest) this.entries.push({ rest: data.rest, address: "#end" });
    this.index = 0;
    this.after = false;
    this.playing = null;
    this.stage = new Stage(data);
    this.panel = new Panel(data, this.stage);
    header(data.run, data.steps.length);
    this.buildList();
    this.buildTicks();
    this.buildTools();
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.follow());
  }

  buildList() {
    this.items = this.entries.map((entry, index) => el("li", {}, this.item(entry, index)));
    $("steps").append(...this.items);
  }

  item({ step, address }, index) {
    const on = {
      click: (event) => {
        event.preventDefault();
        this.pause();
        this.show(index);
      },
    };
    if (!step)
      return el(
        "a",
        { href: address, on },
        el("span", { class: "index" }),
        icon("end"),
        el("span", { class: "words" }, el("b", {}, "End")),
      );
    const mark = step.mark
      ? el(
          "span",
          { class: `flag ${step.mark}`, title: step.mark },
          icon(`mark-${step.mark}`),
          el("span", { class: "unseen" }, step.mark),
        )
      : null;
    return el(
      "a",
      { href: address, on, class: step.mark },
      el("span", { class: "index" }, String(step.index)),
      icon(step.verb),
      el(
        "span",
        { class: "words" },
        el("span", {}, el("b", { title: step.what }, step.what), mark),
        el(
          "span",
          {},
          el("span", { class: "where", title: step.where }, step.where),
          el("span", { class: "took" }, seconds(step.seconds)),
        ),
      ),
    );
  }

  buildTicks() {
    $("ticks").append(...this.entries.map(({ step }) => el("i", { class: step ? step.mark : "end" })));
    const [input, bar, count] = [$("scrubber"), $("ticks").parentElement, this.entries.length];
    input.max = String(Math.max(0, count - 1));
    // the handle (14 px) stands in the middle of its tick; the pointer is served by the whole bar, keys by the input
    input.style.insetInline = `calc(50% / ${Math.max(1, count)} - 7px)`;
    input.addEventListener("input", () => this.jump(Number(input.value)));
    const scrub = (event) => {
      const { left, width } = bar.getBoundingClientRect();
      this.jump(Math.floor(((event.clientX - left) / width) * count));
    };
    bar.addEventListener("pointerdown", (event) => {
      bar.setPointerCapture(event.pointerId);
      scrub(event);
    });
    bar.addEventListener("pointermove", (event) => {
      if (bar.hasPointerCapture(event.pointerId)) scrub(event);
    });
  }

  buildTools() {
    const press = (id, symbol, act) => {
      if (symbol) $(id).append(icon(symbol));
      $(id).addEventListener("click", act);
    };
    press("previous", "previous", () => this.move(-1));
    press("next", "next", () => this.move(1));
    press("play", "play", () => this.toggle());
    press("before", "", () => this.side(false));
    press("after", "", () => this.side(true));
    press("zoom", "", () => this.zoom());
    press("wide", "wide", () => this.wide());
    press("help", "help", () => $("keys").showModal());
    press("badge", "", () => $("about").showModal());
    this.layers = LAYERS.map(({ id, name, key }) =>
      el(
        "button",
        {
          type: "button",
          class: `tool layer ${id}`,
          "aria-pressed": "true",
          title: `Show or hide (${key})`,
          on: { click: () => this.layer(id) },
        },
        el("i"),
        name,
      ),
    );
    $("layers").append(...this.layers);
    $("keys").append(
      el("form", { method: "dialog" }, el("button", { class: "tool", "aria-label": "Close" }, icon("cross"))),
      el("h2", {}, el("span", {}, "Keys")),
      ...KEYS.map(([keys, what]) =>
        row(
          what,
          keys.split(" ").map((key) => el("kbd", {}, key)),
        ),
      ),
    );
    for (const id of ["about", "keys"]) {
      // a click beside the sheet closes it
      $(id).addEventListener("click", (event) => {
        if (event.target === $(id)) $(id).close();
      });
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const layer = LAYERS.find(({ key }) => key === event.key);
    const onButton = event.target.closest?.("button, summary, a, [role=button]");
    const acts = {
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      Home: () => this.jump(0),
      End: () => this.jump(this.entries.length - 1),
      // on a button the space bar belongs to the button
      " ": onButton ? null : () => this.toggle(),
      b: () => this.side(!this.after),
      z: () => this.zoom(),
      f: () => this.wide(),
      i: () => $("about").showModal(),
      "?": () => $("keys").showModal(),
    };
    const act = layer ? () => this.layer(layer.id) : acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  move(by) {
    this.jump(this.index + by);
  }

  jump(index) {
    this.pause();
    const inside = clamp(index, 0, this.entries.length - 1);
    if (inside !== this.index || this.after) this.show(inside);
  }

  side(after) {
    this.pause();
    this.show(this.index, after && this.leaves(this.index) !== null);
  }

  leaves(index) {
    const left = this.entries[index]?.step?.left;
    return left === undefined ? null : left;
  }

  zoom() {
    this.stage.toggleNative();
    $("zoom").setAttribute("aria-pressed", String(this.stage.native));
  }

  wide() {
    const on = $("app").classList.toggle("wide");
    $("wide").setAttribute("aria-pressed", String(on));
  }

  layer(id) {
    this.stage.toggleLayer(id);
    this.layers.forEach((button, index) =>
      button.setAttribute("aria-pressed", String(this.stage.layers.has(LAYERS[index].id))),
    );
  }

  follow() {
    const index = this.entries.findIndex((entry) => entry.address === window.location.hash);
    if (index >= 0 && index !== this.index) this.jump(index);
  }

  async show(index, after = false) {
    const entry = this.entries[index];
    [this.index, this.after] = [index, after];
    const { step, rest } = entry;
    const number = step ? (after ? step.left : step.saw) : rest.saw;
    const observation = number === null ? null : this.data.observations[number];
    this.mark(entry, observation, after);
    if (step) this.panel.step(step, observation, after ? "After the step" : "Before the step");
    else this.panel.rest(rest, observation, this.data.steps.length);
    const when = step ? `${after ? "after" : "before"} step ${step.index}` : "at the end";
    await this.stage.show({
      key: `${entry.address.slice(1)} ${after ? "after" : "before"}`,
      name: when,
      observation,
      step: step && !after ? step : null,
    });
    this.stage.prepare(this.data.observations[this.entries[index + 1]?.step?.saw]);
  }

  mark({ step, address }, observation, after) {
    this.items.forEach((item, index) => {
      const link = item.firstChild;
      if (index === this.index) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    this.items[this.index].scrollIntoView({ block: "nearest" });
    $("scrubber").value = String(this.index);
    $("scrubber").setAttribute("aria-valuetext", step ? `step ${step.index}: ${step.what} ${step.where}` : "end");
    $("counter").textContent = `${this.index + 1} / ${this.entries.length}`;
    $("before").setAttribute("aria-pressed", String(!after));
    $("after").setAttribute("aria-pressed", String(after));
    $("after").disabled = this.leaves(this.index) === null;
    $("previous").disabled = this.index === 0;
    $("next").disabled = this.index === this.entries.length - 1;
    const place = observation ? observation.url || observation.title : "";
    $("address").textContent = place;
    $("address").title = place;
    $("spoken").textContent = step
      ? `Step ${step.index}: ${step.what} ${step.where} ${step.mark}`
      : "End of the recording";
    if (window.location.hash !== address) window.history.replaceState(null, "", address);
  }

  toggle() {
    if (this.playing !== null) return this.pause();
    if (this.index === this.entries.length - 1) this.show(0);
    this.playing = window.setTimeout(() => this.advance(), PLAY_MS);
    this.playButton("pause", "Pause");
  }

  pause() {
    if (this.playing === null) return;
    window.clearTimeout(this.playing);
    this.playing = null;
    this.playButton("play", "Play");
  }

  playButton(symbol, name) {
    $("play").replaceChildren(icon(symbol));
    $("play").setAttribute("aria-label", name);
    $("play").title = `${name} (Space)`;
  }

  // What a step left is shown in between only where the next one saw something else.
  async advance() {
    const here = this.entries[this.index];
    const next = this.entries[this.index + 1];
    const left = this.leaves(this.index);
    const seenNext = next?.step ? next.step.saw : next?.rest?.saw;
    if (!this.after && left !== null && left !== seenNext) await this.show(this.index, true);
    else if (next) await this.show(this.index + 1);
    else return this.pause();
    // paused while the picture was being decoded
    if (this.playing !== null && here) this.playing = window.setTimeout(() => this.advance(), PLAY_MS);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const viewer = new Viewer(JSON.parse($("data").textContent));
  $("loading").remove();
  $("app").hidden = false;
  const asked = viewer.entries.findIndex((entry) => entry.address === window.location.hash);
  viewer.show(Math.max(0, asked));
});
