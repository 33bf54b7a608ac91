// What is drawn on the screenshot. Everything is given in frame pixels and drawn in CSS pixels, so that rings, lines and
// words keep their size whatever the zoom.

const LAYERS = [
  { id: "action", name: "Action", key: "1" },
  { id: "boxes", name: "Boxes", key: "2" },
  { id: "moving", name: "Moving", key: "3" },
];

class Overlay {
  constructor(root, scale, width, height) {
    // acts are named first, so that other words make room, and lie on top
    [this.below, this.above] = [svg("g"), svg("g")];
    root.append(this.below, this.above);
    this.root = this.below;
    this.scale = scale;
    this.width = width * scale;
    this.height = height * scale;
    this.taken = [];
  }

  at(point) {
    return { x: point.x * this.scale, y: point.y * this.scale };
  }

  rect(box) {
    const k = this.scale;
    return { x: box.left * k, y: box.top * k, w: (box.right - box.left) * k, h: (box.bottom - box.top) * k };
  }

  // Every stroke has a light casing under it: it has to be seen on any page.
  stroke(shape, attributes, kind) {
    const group = svg(
      "g",
      { class: `mark ${kind}` },
      svg(shape, { ...attributes, class: "casing" }),
      svg(shape, { ...attributes, class: "line" }),
    );
    this.root.append(group);
    return group;
  }

  box(box, kind) {
    const { x, y, w, h } = this.rect(box);
    return this.stroke("rect", { x: x - 1.5, y: y - 1.5, width: w + 3, height: h + 3, rx: 4 }, kind);
  }

  ring(point, radius, kind = "action") {
    const { x, y } = this.at(point);
    this.taken.push({ x: x - radius, y: y - radius, w: 2 * radius, h: 2 * radius });
    return this.stroke("circle", { cx: x, cy: y, r: radius }, kind);
  }

  dot(point) {
    const { x, y } = this.at(point);
    this.root.append(svg("circle", { cx: x, cy: y, r: 3.5, class: "dot" }));
  }

  path(points, kind = "action") {
    const [tip, before] = [points.at(-1), points.at(-2)];
    const angle = Math.atan2(tip.y - before.y, tip.x - before.x);
    const wing = (turn) => `${tip.x - 13 * Math.cos(angle + turn)} ${tip.y - 13 * Math.sin(angle + turn)}`;
    const line = points.map((p, index) => `${index ? "L" : "M"}${p.x} ${p.y}`).join("");
    this.stroke("path", { d: `${line}M${wing(0.45)}L${tip.x} ${tip.y}L${wing(-0.45)}` }, kind);
  }

  // Words in a pill, at the first of `spots` where they cover no other pill and stay inside the frame.
  chip(text, kind, spots, optional = false, own = null) {
    const label = svg("text", {}, shorten(text.replace(/\s+/g, " "), 56));
    const back = svg("rect", { rx: 5 });
    const group = svg("g", { class: `chip ${kind}` }, svg("title", {}, text), back, label);
    this.root.append(group);
    const w = label.getBBox().width + 14;
    const h = 21;
    const inside = (spot) => ({
      x: clamp(spot.x, 3, this.width - w - 3),
      y: clamp(spot.y, 3, this.height - h - 3),
      w,
      h,
    });
    const all = spots(w, h).map(inside);
    const free = all.find((spot) => ![...this.taken, own].some((other) => other && overlap(spot, other)));
    if (!free && optional) return group.remove();
    const { x, y } = free ?? all[0];
    this.taken.push({ x, y, w, h });
    fill(back, { x, y, width: w, height: h }, []);
    fill(label, { x: x + 7, y: y + 14.5 }, []);
  }

  boxChip(text, kind, box, optional = false) {
    const { x, y, w: width, h: height } = this.rect(box);
    const spots = (w, h) => [
      { x: x - 2, y: y - h - 5 },
      { x: x - 2, y: y + height + 5 },
      { x: x + width + 6, y: y + height / 2 - h / 2 },
      { x: x - w - 6, y: y + height / 2 - h / 2 },
    ];
    this.chip(text, kind, spots, optional, { x, y, w: width, h: height });
  }

  pointChip(text, point) {
    const { x, y } = this.at(point);
    const spots = (w, h) => [
      { x: x + 20, y: y - h - 12 },
      { x: x + 20, y: y + 12 },
      { x: x - w - 20, y: y - h - 12 },
      { x: x - w - 20, y: y + 12 },
    ];
    this.chip(text, "action", spots);
  }

  // What has no place on the screen stands at the foot of the frame.
  caption(text, kind = "action") {
    this.chip(text, `caption ${kind}`, (w, h) => [
      { x: (this.width - w) / 2, y: this.height - h - 12 },
      { x: (this.width - w) / 2, y: this.height - 2 * h - 18 },
    ]);
  }

  caps(chords) {
    const group = svg("g", { class: "caps" });
    this.root.append(group);
    let x = 0;
    chords.forEach((chord, index) => {
      if (index) x += 10;
      for (const key of chord === "+" ? ["+"] : chord.split(/\+(?=.)/)) {
        const label = svg("text", { y: 20 }, key);
        const cap = svg("rect", { y: 0, height: 30, rx: 6 });
        group.append(cap, label);
        const w = Math.max(30, label.getBBox().width + 18);
        fill(cap, { x, width: w }, []);
        fill(label, { x: x + w / 2, "text-anchor": "middle" }, []);
        x += w + 4;
      }
    });
    group.setAttribute("transform", `translate(${Math.max(4, (this.width - x) / 2)} ${this.height - 46})`);
  }

  moving(boxes) {
    for (const box of boxes) {
      const { x, y, w, h } = this.rect(box);
      this.root.append(
        svg(
          "rect",
          { x, y, width: w, height: h, class: "moving" },
          svg("title", {}, "moves for ever; left out when the screen is compared"),
        ),
      );
    }
  }

  located(answers) {
    for (const found of answers) {
      const weak =
        { found: found.others, ambiguous: found.candidates, hidden: [], absent: found.nearest }[found.status] ?? [];
      const kind = { found: "other", ambiguous: "ambiguous", absent: "nearest" }[found.status] ?? "other";
      const alike = new Set(weak.map(nameOf)).size === 1;
      weak.forEach((candidate, index) => {
        this.box(candidate.box, kind);
        const words =
          found.status !== "ambiguous"
            ? nameOf(candidate)
            : alike
              ? String(index + 1)
              : `${index + 1}  ${nameOf(candidate)}`;
        this.boxChip(words, kind, candidate.box, found.status !== "ambiguous");
      });
      if (found.place) {
        const kind = found.status === "hidden" ? "hidden" : "found";
        this.box(found.place.box, kind);
        this.boxChip(
          nameOf(found.place) + (found.status === "hidden" ? ` · ${found.reason}` : ""),
          kind,
          found.place.box,
        );
      }
    }
  }

  // Where a target stood that a replay found elsewhere, or not at all, and what else could be it.
  replayed(again) {
    for (const place of again.places) {
      if (place.box && !["identical", "cosmetic"].includes(place.verdict)) {
        this.box(place.box, "nearest");
        this.boxChip(`recorded here: ${place.label}`, "nearest", place.box);
      }
      for (const box of place.others) this.box(box, place.now ? "other" : "ambiguous");
    }
  }

  // The one place where verbs are drawn; a verb that is not named here shows its words at the foot of the frame.
  action(step) {
    this.root = this.above;
    this.act(step);
    this.root = this.below;
  }

  act(step) {
    const act = step.action ?? step.intent;
    const point = isPoint(act.at) ? act.at : null;
    switch (step.action ? act.verb : `intended ${act.verb}`) {
      case "click": {
        for (let each = 0; each < act.count; each++) this.ring(point, 14 + 6 * each);
        this.dot(point);
        const extra = [
          ...act.modifiers,
          act.button === "left" ? "" : `${act.button} button`,
          act.count > 1 ? `× ${act.count}` : "",
        ].filter(Boolean);
        if (extra.length) this.pointChip(extra.join(" · "), point);
        return;
      }
      case "hover":
      case "move":
        this.ring(point ?? act.to, 14, "action soft");
        this.dot(point ?? act.to);
        return;
      case "press":
        this.ring(point, 14);
        this.ring(point, 8, "action filled");
        return this.pointChip(`${act.button} button down`, point);
      case "release":
        if (!point) return this.caption(`release ${act.button} button`);
        this.ring(point, 14, "action soft");
        return this.pointChip(`${act.button} button up`, point);
      case "drag": {
        const points = act.path.map((each) => this.at(each));
        this.path(points);
        this.ring(act.path[0], 9);
        this.dot(act.path[0]);
        if (act.modifiers.length) this.pointChip(act.modifiers.join(" + "), act.path[0]);
        return;
      }
      case "scroll":
        return this.scroll(act, point);
      case "type":
        if (!point) return this.caption(`⌨  ${act.text}`);
        this.ring(point, 14);
        this.dot(point);
        return this.pointChip(`${act.replace ? "= " : ""}${act.text}`, point);
      case "select":
        this.ring(point, 14);
        return this.pointChip(`▾ ${act.options.join(", ")}`, point);
      case "upload":
        this.ring(point, 14);
        return this.pointChip(`↥ ${act.paths.join(", ")}`, point);
      case "hold":
        if (act.keys.length) this.caps(act.keys);
        if (!point) return act.keys.length ? undefined : this.caption(step.what);
        this.ring(point, 14);
        this.ring(point, 8, "action filled");
        return this.pointChip(seconds(act.seconds), point);
      case "wait":
        if (isPoint(act.for)) this.ring(act.for, 14, "action soft");
        return this.caption(`${step.what} ${step.where}`.trim());
      case "key":
        return this.caps(act.keys);
      case "intended read":
        if (!act.box) return this.caption(`${act.name}: ${step.where}`, "read");
        this.box(act.box, "read");
        return this.boxChip(`${act.name}: ${step.where}`, "read", act.box);
      default:
        if (step.action || isSaid(act.verb)) return this.caption(`${step.what} ${step.where}`.trim());
        return this.caption(`not done: ${step.what} ${step.where}`.trim(), "note");
    }
  }

  scroll(act, point) {
    const middle = { x: this.width / 2 / this.scale, y: this.height / 2 / this.scale };
    const from = this.at(point ?? middle);
    const reach = (amount) => Math.sign(amount) * clamp(Math.abs(amount) * this.scale * 0.35, 42, 150);
    const to = { x: from.x + (act.dx ? reach(act.dx) : 0), y: from.y + (act.dy ? reach(act.dy) : 0) };
    if (act.dx || act.dy) this.path([from, to]);
    this.ring(point ?? middle, 6, "action filled");
    this.pointChip(`${[act.dx, act.dy].filter(Boolean).map(round).join(", ") || "0"} px`, point ?? middle);
  }
}

const clamp = (value, low, high) => Math.max(low, Math.min(value, Math.max(low, high)));
const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const isPoint = (place) => Boolean(place) && typeof place.x === "number";
const isSaid = (verb) => ["ask_user", "read", "answer", "done", "fail"].includes(verb);
const nameOf = (candidate) =>
  candidate.label + (candidate.confidence < 1 ? ` · ${Math.round(candidate.confidence * 100)} %` : "");
