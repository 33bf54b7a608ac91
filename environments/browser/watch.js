// Runs in every page before its own scripts and answers one question: is anything announced that will still change the screen?
// Counted: short timers, finite animations, a document that is still being parsed. Reported besides: what moves for ever.
(() => {
  const NAME = "__handeye_name__";
  if (window[NAME]) return;
  const SHORT = 2000; // ms; a longer timer announces nothing that one could wait for
  const OFTEN = 5; // a timer whose code fired this often is a heartbeat, not an effect
  const set = window.setTimeout.bind(window);
  const clear = window.clearTimeout.bind(window);
  const pending = new Map();
  const fired = new Map();

  window.setTimeout = function setTimeout(handler, delay, ...rest) {
    if (typeof handler !== "function" || Number(delay) > SHORT) return set(handler, delay, ...rest);
    const code = String(handler);
    let id = 0;
    const run = function (...args) {
      pending.delete(id);
      fired.set(code, (fired.get(code) || 0) + 1);
      return handler.apply(this, args);
    };
    id = set(run, delay, ...rest);
    if ((fired.get(code) || 0) < OFTEN) pending.set(id, code);
    return id;
  };
  window.clearTimeout = function clearTimeout(id) {
    pending.delete(id);
    return clear(id);
  };

  const boxOf = (element, dx, dy) => {
    const r = element.getBoundingClientRect();
    return r.width && r.height ? [r.left + dx, r.top + dy, r.right + dx, r.bottom + dy] : null;
  };

  const report = (dx = 0, dy = 0) => {
    const found = { timers: pending.size, animations: 0, loading: document.readyState === "loading", endless: [], live: [] };
    for (const animation of document.getAnimations()) {
      if (animation.playState !== "running" || !animation.effect) continue;
      if (animation.effect.getComputedTiming().endTime !== Infinity) found.animations += 1;
      else if (animation.effect.target) found.endless.push(boxOf(animation.effect.target, dx, dy));
    }
    for (const element of document.querySelectorAll("canvas, video, marquee, img[src*='.gif']")) {
      found.live.push(boxOf(element, dx, dy));
    }
    for (const frame of document.querySelectorAll("iframe, frame")) {
      let inner = null;
      try {
        // a frame that has only just begun has no report of its own yet
        if (frame.contentDocument && frame.contentDocument.readyState !== "complete") found.loading = true;
        inner = frame.contentWindow && frame.contentWindow[NAME];
      } catch {
        continue; // another origin answers for itself only
      }
      if (!inner) continue;
      const r = frame.getBoundingClientRect();
      const below = inner(dx + r.left + frame.clientLeft, dy + r.top + frame.clientTop);
      found.timers += below.timers;
      found.animations += below.animations;
      found.loading = found.loading || below.loading;
      found.endless.push(...below.endless);
      found.live.push(...below.live);
    }
    found.endless = found.endless.filter(Boolean);
    found.live = found.live.filter(Boolean);
    return found;
  };
  // The answer after the next paint; a page that does not paint (a tab behind another) answers after 50 ms.
  report.soon = () =>
    new Promise((done) => {
      requestAnimationFrame(() => done(report()));
      set(() => done(report()), 50);
    });
  Object.defineProperty(window, NAME, { value: report });
})();
