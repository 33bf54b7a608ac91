// The screenshot: loaded from its data block, fitted or at native resolution, with the overlay on top.

class Stage {
  constructor(data) {
    this.data = data;
    this.layers = new Set(LAYERS.map((layer) => layer.id));
    this.native = false;
    this.pictures = new Map();
    this.now = null;
    this.hover = null;
    new ResizeObserver(() => this.fit()).observe($("viewport"));
  }

  // Shows one moment: { key, name, observation, step (its action is drawn) or null }. Resolves when it is on the screen.
  async show(moment) {
    this.now = moment;
    this.hover = null;
    const { observation } = moment;
    const content = observation
      ? await this.picture(observation.frame)
      : empty("Nothing was seen", "The run ended before its first observation.");
    // an earlier picture that took longer than a later one is not shown any more
    if (this.now !== moment) return;
    if (content instanceof HTMLImageElement) content.alt = `Screenshot ${moment.name}`;
    this.drawing = svg("svg", { class: "overlay", "aria-hidden": "true" });
    $("frame").replaceChildren(content, this.drawing, ...this.dialog(observation));
    this.fit();
    if (this.native) this.center();
    $("frame").dataset.shown = moment.key;
  }

  // Pictures are kept decoded for the next few steps only: a long episode would fill the memory.
  async picture(frame) {
    const kept = this.pictures.get(frame.blob);
    this.pictures.delete(frame.blob);
    const loading = kept ?? load(frame);
    this.pictures.set(frame.blob, loading);
    while (this.pictures.size > 6) this.pictures.delete(this.pictures.keys().next().value);
    return loading;
  }

  prepare(observation) {
    if (observation) this.picture(observation.frame);
  }

  dialog(observation) {
    if (!observation?.dialog || !this.layers.has("boxes")) return [];
    const { kind, message, default: preset } = observation.dialog;
    return [
      el(
        "div",
        { class: "world-dialog" },
        el("b", {}, kind),
        el("p", {}, message),
        preset ? el("code", {}, preset) : null,
      ),
    ];
  }

  fit() {
    const observation = this.now?.observation;
    const { width, height } = observation?.frame ?? { width: 1280, height: 720 };
    const room = $("viewport").getBoundingClientRect();
    const wide = Math.min((room.width - 40) / width, (room.height - 40) / height);
    // one frame pixel is one pixel of this display, whatever its density; small frames are enlarged to be seen
    const scale = this.native ? 1 / window.devicePixelRatio : Math.max(0.05, Math.min(wide, 4));
    const frame = $("frame");
    frame.style.width = `${width * scale}px`;
    frame.style.height = `${height * scale}px`;
    frame.classList.toggle("enlarged", scale * window.devicePixelRatio >= 2);
    this.draw(scale, width, height);
  }

  draw(scale, width, height) {
    if (!this.drawing) return;
    this.drawing.replaceChildren();
    const { observation, step } = this.now;
    if (!observation) return;
    const overlay = new Overlay(this.drawing, scale, width, height);
    if (this.layers.has("moving")) overlay.moving(observation.settled.moving);
    if (step && this.layers.has("action")) overlay.action({ ...step, intent: step.decision.intent });
    if (step && this.layers.has("boxes")) overlay.located(step.located);
    if (step?.decision.replayed && this.layers.has("boxes")) overlay.replayed(step.decision.replayed);
    overlay.root = overlay.above;
    if (this.hover) {
      overlay.box(this.hover.box, "hover");
      if (this.hover.label) overlay.boxChip(this.hover.label, "hover", this.hover.box);
    }
  }

  // Outlines a box while something that stands for it is pointed at or focused; only on the frame in which it lies.
  outlines(node, box, label, observation) {
    const set = (hover) => () => {
      if (this.now?.observation !== observation) return;
      this.hover = hover;
      this.fit();
    };
    const on = { mouseenter: set({ box, label }), mouseleave: set(null), focus: set({ box, label }), blur: set(null) };
    for (const [event, act] of Object.entries(on)) node.addEventListener(event, act);
    return node;
  }

  toggleNative() {
    this.native = !this.native;
    $("viewport").classList.toggle("native", this.native);
    this.fit();
    if (this.native) this.center();
  }

  // At native resolution the place of the act is brought into view.
  center() {
    const act = this.now?.step?.action;
    const point = act && [act.at, act.to, act.path?.[0], act.for].find(isPoint);
    if (!point) return;
    const view = $("viewport");
    view.scrollTo(
      point.x / window.devicePixelRatio - view.clientWidth / 2,
      point.y / window.devicePixelRatio - view.clientHeight / 2,
    );
  }

  toggleLayer(id) {
    if (!this.layers.delete(id)) this.layers.add(id);
    if (this.now) this.show(this.now);
  }
}

async function load(frame) {
  const { text, missing } = block(`blob-${frame.blob}`);
  if (missing) return empty("No screenshot", missing);
  const picture = new Image();
  picture.src = pictureUrl(text);
  picture.draggable = false;
  try {
    await picture.decode();
  } catch {
    return empty("No screenshot", `the blob ${frame.blob.slice(0, 12)}… is not a picture that a browser can decode`);
  }
  return picture;
}

function empty(title, why) {
  return el("div", { class: "empty" }, icon("picture"), el("b", {}, title), el("p", {}, why));
}
