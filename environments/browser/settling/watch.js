// Runs in every document before its own scripts and answers one question: is anything announced that will still change the
// screen? Bounded things (a short timer, a finite animation, an answer being read) are told from loops that go on for now, and
// both from what moves for ever. What a page could see of this is kept to one name: the wrapped functions are proxies.
(() => {
  const NAME = "__handeye_name__";
  if (window[NAME]) return;
  const SHORT = 2000; // ms; a longer timer announces nothing that one could wait for
  const RESTLESS = 2500; // ms; what has been changing for so long changes for ever
  const LATENESS = 500; // ms that a question may take to come here; what it says of how long ago the act was is older by that
  const LONG = 5000; // ms; what has not come by then (an image, the rest of an answer) is not waited for
  const PDF = "application/pdf";
  const now = performance.now.bind(performance);
  const every = (selector) => document.querySelectorAll(selector);

  // ---- wrapping, such that a function still looks like itself
  const natives = new WeakMap();
  const wrap = (owner, name, traps) => {
    const at = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!at || typeof at.value !== "function" || !at.configurable) return;
    const proxy = new Proxy(at.value, traps);
    natives.set(proxy, at.value);
    Object.defineProperty(owner, name, { ...at, value: proxy });
    if (traps.construct) at.value.prototype.constructor = proxy;
  };
  const onCall = (owner, name, apply) => wrap(owner, name, { apply });
  const onNew = (name, made) =>
    wrap(window, name, {
      construct: (target, args, as) => {
        const object = Reflect.construct(target, args, as);
        made(object, args);
        return object;
      },
    });
  const text = Function.prototype.toString;
  onCall(Function.prototype, "toString", (target, self, args) => Reflect.apply(target, natives.get(self) || self, args));

  // ---- whoever waits for the page to be done is told at once, not at the next paint: that would be a frame later
  const CHECKS = 16; // ms between two looks at whether all is done, at least
  const waits = new Set();
  const mail = new MessageChannel();
  const post = MessagePort.prototype.postMessage.bind(mail.port2);
  let above = null; // wakes the document around this one
  let posted = false;
  let looked = -Infinity;
  const stir = () => {
    if (above) above();
    if (posted || !waits.size) return;
    posted = true;
    const early = looked + CHECKS - now();
    // not at once: what the page does next, in the same task, may announce more
    if (early > 0) set.call(window, () => post(0), early);
    else post(0);
  };
  mail.port1.onmessage = () => {
    posted = false;
    looked = now();
    for (const wait of [...waits]) wait();
  };

  // ---- sources: code that runs again and again, and whether that changes anything
  let changes = 0; // grows with whatever may change the picture
  let inputAt = 0; // the last input of a person
  let current = null;
  let recent = null; // what ran last, to which a change that follows at once is put down
  let recentAt = 0;
  const sources = new Map();
  const sourceOf = (kind, code, delay) => {
    const key = `${kind} ${delay} ${code.length} ${code.slice(0, 200)}`;
    let source = sources.get(key);
    const t = now();
    if (!source || t - source.last > Math.max(500, 3 * delay)) {
      if (sources.size > 2000) sources.clear();
      // after an input a loop may be how its effect comes about: it is given longer
      source = { fired: 0, idle: 0, since: t, last: t, endless: false, limit: inputAt ? SHORT : SHORT / 2 };
      sources.set(key, source);
    }
    source.last = t;
    return source;
  };
  const codeOf = (handler) => (typeof handler === "function" ? Reflect.apply(text, handler, []) : String(handler));
  const heartbeat = (source) => source.endless || (source.idle >= 2 && now() - source.since >= source.limit);
  const touch = (source) => {
    recent = source;
    recentAt = now();
  };
  const cause = () => current || (now() - recentAt < 5 ? recent : null);
  const fire = (source) => {
    source.fired += 1;
    source.idle += 1;
    source.last = now();
    touch(source);
  };
  const credit = (source, seen) => {
    if (seen.fresh) {
      source.idle = 0;
      source.since = now();
    } else if (seen.any) source.endless = true;
    // what a loop is for is known once it has changed something that nobody sees; of a silent turn the next may tell
    else if (seen.hidden) source.idle += 1;
  };
  const within = (source, self, handler, args) => {
    const outer = current;
    watchRecords(observer.takeRecords());
    current = source;
    fire(source);
    try {
      return Reflect.apply(handler, self, args);
    } finally {
      current = outer;
      touch(source);
      credit(source, look(observer.takeRecords()));
      stir();
    }
  };

  // ---- mutations that change no pixel
  // What has no box shows nothing (display: none), nor does a box out of the flow of which all is hidden (visibility: hidden),
  // which moves nothing either. That a change made it so, or undoes it, is a change of what may be seen: of an element above, or
  // of the attributes of one that hides itself. The ways that are left from inside such a box to a pixel (`:has()`, a
  // scrollbar that grows) are in the captures, which must be equal nevertheless.
  const PAUSE = 100; // ms between two such questions: each costs the page a look at its styles
  const FEW = 20; // records, and elements in a box; of more nothing is asked
  const ABROAD = "style, link, script, template, slot, option, optgroup, source, track, area"; // shown, or at work, elsewhere
  const SHADES = /visibility|\ball\b|--/i;
  let judgedAt = -Infinity;
  const inert = (nodes) =>
    [...nodes].every((node) => node.nodeType !== 1 || !(node.matches(ABROAD) || node.querySelector(ABROAD)));
  const dark = (box) => {
    const all = box.getElementsByTagName("*");
    return (
      all.length < FEW &&
      [box, ...all].every((each) => !/-|^slot$/i.test(each.tagName) && getComputedStyle(each).visibility === "hidden")
    );
  };
  const unseen = ({ target, type, attributeName, oldValue, addedNodes, removedNodes }) => {
    const element = target.nodeType === 1 ? target : target.parentElement;
    if (!element || element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.closest(`${ABROAD}, select, object, picture, video, audio, svg`)) return false;
    if (!inert(addedNodes) || !inert(removedNodes)) return false;
    // what shows although all around it is hidden (visibility: visible) may have been so, or have gone
    const shades =
      type === "attributes"
        ? attributeName !== "style" || SHADES.test(`${oldValue} ${element.getAttribute("style")}`)
        : [...removedNodes].some((node) => node.nodeType === 1);
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.display === "none") return box !== element || type !== "attributes";
      const away = style.position === "absolute" || style.position === "fixed";
      if (away && style.visibility === "hidden" && (box !== element || type !== "attributes")) return !shades && dark(box);
    }
    return false;
  };
  const visible = (records) => {
    if (!records.length || records.length > FEW || now() - judgedAt < PAUSE) return records;
    judgedAt = now();
    return records.filter((record) => !unseen(record));
  };

  // ---- mutations, and the elements that are mutated for ever
  const tracks = new WeakMap();
  const movers = new Set();
  const boxOf = (element, dx, dy) => {
    const r = element.getBoundingClientRect();
    return r.width && r.height ? [r.left + dx, r.top + dy, r.right + dx, r.bottom + dy] : null;
  };
  const small = (element) => {
    const r = element.getBoundingClientRect();
    return r.width * r.height < (innerWidth * innerHeight) / 4;
  };
  const look = (all) => {
    const t = now();
    const records = visible(all);
    const seen = { any: records.length > 0, fresh: false, hidden: all.length > records.length };
    for (const { target } of records) {
      // what lies in a shadow root has no other element around it than the host
      const element = target.nodeType === 1 ? target : target.parentElement || target.getRootNode().host;
      if (!element) continue;
      let track = tracks.get(element);
      if (!track || t - track.last > 1500) tracks.set(element, (track = { since: t, last: t, endless: false }));
      track.last = t;
      if (!track.endless && t - track.since > RESTLESS) {
        track.endless = small(element);
        if (track.endless) movers.add(element);
        else track.since = t;
      }
      seen.fresh = seen.fresh || !track.endless;
    }
    if (seen.fresh) changes += 1;
    return seen;
  };
  const watchRecords = (records) => {
    const seen = records.length ? look(records) : null;
    if (seen && recent && now() - recentAt < 20 && !heartbeat(recent)) credit(recent, seen);
  };
  const observer = new MutationObserver(watchRecords);
  const ALL = { subtree: true, childList: true, attributes: true, characterData: true, attributeOldValue: true };
  onCall(Element.prototype, "attachShadow", (target, self, args) => {
    const root = Reflect.apply(target, self, args);
    observer.observe(root, ALL);
    return root;
  });

  // ---- timers, frames, idle time, tasks
  const waiting = new Map();
  const keyOf = (kind, id) => `${{ interval: "timer" }[kind] || kind} ${id}`; // timers and intervals share their numbers
  const hold = (key, kind, source, limit) =>
    waiting.set(key, { kind, source, until: now() + limit, forced: !current && inputAt > 0 && now() - inputAt < 30 });
  const once = (owner, name, kind, delayOf, slack) =>
    onCall(owner, name, (target, self, args) => {
      const [handler, ...rest] = args;
      const delay = delayOf(rest[0]);
      if (handler === undefined || !(delay <= SHORT)) return Reflect.apply(target, self, args);
      const source = sourceOf(name, codeOf(handler), delay);
      let id;
      const run = function (...given) {
        waiting.delete(keyOf(kind, id));
        return within(source, this, handler, given);
      };
      const known = typeof handler === "function" ? run : handler;
      id = Reflect.apply(target, self, [known, ...rest]);
      // code that was given as text cannot be followed: it is over when its time is
      hold(keyOf(kind, id), kind, source, typeof handler === "function" ? delay + slack : delay + 50);
      return id;
    });
  const milliseconds = (delay) => (delay === undefined ? 0 : Math.max(0, Number(delay) || 0));
  once(window, "setTimeout", "timer", milliseconds, LONG);
  // a frame out of sight is not painted: what waits for its paint will wait for long
  once(window, "requestAnimationFrame", "frame", () => 0, 250);
  once(window, "requestIdleCallback", "idle", () => 0, SHORT);
  onCall(window, "setInterval", (target, self, args) => {
    const [handler, ...rest] = args;
    const delay = milliseconds(rest[0]);
    if (typeof handler !== "function" || delay > SHORT) return Reflect.apply(target, self, args);
    const source = sourceOf("setInterval", codeOf(handler), delay);
    const run = function (...given) {
      return within(source, this, handler, given);
    };
    const id = Reflect.apply(target, self, [run, ...rest]);
    hold(keyOf("interval", id), "interval", source, Infinity);
    return id;
  });
  const CLEARS = { clearTimeout: "timer", clearInterval: "timer", cancelAnimationFrame: "frame", cancelIdleCallback: "idle" };
  for (const [name, kind] of Object.entries(CLEARS)) {
    onCall(window, name, (target, self, args) => {
      waiting.delete(keyOf(kind, args[0]));
      stir();
      return Reflect.apply(target, self, args);
    });
  }
  if (window.Scheduler) {
    onCall(Scheduler.prototype, "postTask", (target, self, args) => {
      const [handler, options] = args;
      const delay = milliseconds(options && options.delay);
      if (typeof handler !== "function" || delay > SHORT) return Reflect.apply(target, self, args);
      const source = sourceOf("postTask", codeOf(handler), delay);
      const key = {};
      const run = function (...given) {
        waiting.delete(key);
        return within(source, this, handler, given);
      };
      const signal = options && options.signal;
      if (signal && signal.addEventListener) signal.addEventListener("abort", () => waiting.delete(key), { once: true });
      if (!(signal && signal.aborted)) hold(key, "task", source, delay + LONG);
      return Reflect.apply(target, self, [run, ...args.slice(1)]);
    });
  }

  // ---- messages: a hop within the page is over at once, another party is given time to answer
  const hops = { since: 0, last: -Infinity };
  const hop = () => {
    const t = now();
    if (t - hops.last > 500) hops.since = t;
    hops.last = t;
    if (t - hops.since < RESTLESS) changes += 1;
  };
  const talks = new WeakMap();
  const open = new Set(); // questions without an answer
  const ask = (talk, source, limit) => {
    for (const each of open) if (each.talk === talk && each.source === source) open.delete(each);
    open.add({ talk, source, until: now() + limit, forced: !current && inputAt > 0 && now() - inputAt < 30 });
  };
  const answered = (talk, event) => {
    // which of several questions it answers is seen by its form: a heartbeat is answered in the same form each time
    const form = `${event.type} ${shapeOf(event.data)}`;
    const asked = [...open].filter((each) => each.talk === talk);
    const one = asked.find((each) => each.source.reply === form) || asked.find((each) => !each.source.reply) || asked[0];
    if (!one) {
      hop();
      return;
    }
    one.source.reply = form;
    fire(one.source);
    open.delete(one);
    changes += heartbeat(one.source) ? 0 : 1;
    stir();
  };
  const converse = (party, target, name) => {
    const talk = { name };
    talks.set(party, talk);
    for (const event of ["message", "error", "close"]) target.addEventListener(event, (given) => answered(talk, given));
    return talk;
  };
  const shapeOf = (data) =>
    typeof data === "string" ? data.slice(0, 24).replace(/\d+/g, "#") : `${typeof data} ${data && data.byteLength}`;
  const onSend = (owner, name) =>
    owner &&
    onCall(owner.prototype, name, (target, self, args) => {
      const talk = talks.get(self);
      if (talk) ask(talk, sourceOf(talk.name, shapeOf(args[0]), SHORT), SHORT);
      else if (name === "postMessage") hop();
      return Reflect.apply(target, self, args);
    });
  const first = () => (inputAt ? SHORT : SHORT / 4); // for what is said without being asked for
  const strays = new Set(); // addresses whose requests tell nothing
  onNew("Worker", (worker, [url]) => {
    ask(converse(worker, worker, `worker ${url}`), sourceOf("worker", String(url), SHORT), first());
  });
  onNew("SharedWorker", (worker, [url]) => {
    // the browser never says that the script of a shared worker has come
    strays.add(new URL(url, document.baseURI).href);
    ask(converse(worker.port, worker.port, `worker ${url}`), sourceOf("worker", String(url), SHORT), first());
  });
  for (const name of ["WebSocket", "EventSource"]) {
    onNew(name, (socket, [url]) => {
      ask(converse(socket, socket, `${name} ${url}`), sourceOf(name, String(url), SHORT), first());
    });
  }
  onSend(window.Worker, "postMessage");
  onSend(window.MessagePort, "postMessage");
  onSend(window.WebSocket, "send");
  if (window.ServiceWorker && window.isSecureContext) {
    try {
      const talk = converse({}, navigator.serviceWorker, "service worker");
      onCall(ServiceWorker.prototype, "postMessage", (target, self, args) => {
        ask(talk, sourceOf(talk.name, shapeOf(args[0]), SHORT), SHORT);
        return Reflect.apply(target, self, args);
      });
    } catch {
      // a sandboxed document has none
    }
  }

  // ---- answers: whoever reads one as a whole waits for its end
  const reading = new Set();
  const follow = (promise, source, done) =>
    promise.then(
      (value) => {
        if (source) touch(source);
        done();
        stir();
        return value;
      },
      (error) => {
        done();
        stir();
        throw error;
      },
    );
  const read = (call, limit) => {
    const entry = { at: now(), limit };
    reading.add(entry);
    return follow(call(), cause(), () => reading.delete(entry));
  };
  onCall(window, "fetch", (target, self, args) => {
    const source = cause();
    try {
      const url = new URL(args[0] instanceof Request ? args[0].url : String(args[0]), document.baseURI).href;
      if (source && heartbeat(source)) strays.add(url);
      else strays.delete(url);
    } catch {
      // the browser refuses it next, in its own words
    }
    return follow(Reflect.apply(target, self, args), source, () => {});
  });
  for (const name of ["json", "text", "blob", "arrayBuffer", "formData", "bytes"]) {
    onCall(Response.prototype, name, (target, self, args) => {
      return read(() => Reflect.apply(target, self, args), LONG);
    });
  }
  // of a stream nobody knows whether another piece will come
  if (window.ReadableStreamDefaultReader) {
    onCall(ReadableStreamDefaultReader.prototype, "read", (target, self, args) =>
      read(() => Reflect.apply(target, self, args), LONG / 5),
    );
  }
  onCall(XMLHttpRequest.prototype, "send", (target, self, args) => {
    const entry = { at: now(), limit: LONG, xhr: self };
    const source = cause();
    reading.add(entry);
    const over = () => {
      if (source) touch(source);
      reading.delete(entry);
      stir();
    };
    self.addEventListener("loadend", over, { once: true });
    try {
      return Reflect.apply(target, self, args);
    } catch (error) {
      over();
      throw error;
    }
  });

  // ---- what is asked of the document itself
  let scrolledAt = -Infinity;
  const onInput = (event) => {
    if (!event.isTrusted) return;
    inputAt = now();
    recent = null;
  };
  const onScroll = () => {
    scrolledAt = now();
    changes += 1;
  };
  const onScrollEnd = () => {
    scrolledAt = -Infinity;
  };
  const quietly = { capture: true, passive: true };
  const arm = () => {
    // what document.open() took away; nothing is added twice
    for (const name of ["pointerdown", "pointerup", "click", "keydown", "keyup", "input", "change", "wheel"]) {
      addEventListener(name, onInput, quietly);
    }
    // a window never hears of what its images have loaded
    for (const name of ["load", "error"]) document.addEventListener(name, stir, quietly);
    addEventListener("scroll", onScroll, quietly);
    addEventListener("scrollend", onScrollEnd, quietly);
    // seen when it comes: whoever wraps `postMessage` of a window changes who seems to have sent it
    addEventListener("message", hop, quietly);
    observer.observe(document, ALL);
  };
  arm();

  const seenAt = new WeakMap();
  const recently = (object) => {
    if (!seenAt.has(object)) seenAt.set(object, now());
    return now() - seenAt.get(object) < LONG;
  };
  const ids = new WeakMap();
  let lastId = 0;
  const idOf = (element) => {
    if (!ids.has(element)) ids.set(element, ++lastId);
    const whole = element.tagName === "IMG" && element.complete;
    return `${whole ? "image" : "element"} ${performance.timeOrigin} ${ids.get(element)}`;
  };
  const inSight = (element) => {
    const r = element.getBoundingClientRect();
    return r.width > 0 && r.height > 0 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth;
  };
  const comes = (image) =>
    !image.complete && (image.src || image.srcset) && (image.loading !== "lazy" || inSight(image)) && recently(image);
  const turns = (effect) =>
    effect.getKeyframes().some((frame) => "rotate" in frame || /rotate|matrix|skew/.test(frame.transform || ""));
  const endlessBox = (effect, dx, dy) => {
    const box = boxOf(effect.target, dx, dy);
    if (!box || !turns(effect)) return box;
    // what turns sweeps more than it covers at any one moment
    const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const r = Math.hypot(box[2] - box[0], box[3] - box[1]) / 2;
    return [x - r, y - r, x + r, y + r];
  };
  const LIVE = "canvas, video, marquee, img, object, embed, input[type=image]";
  const known = new WeakSet(); // of these, which were found to move for ever
  const given = new WeakSet(); // animations' targets that never came to an end
  const plays = (video) => !video.paused && !video.ended && video.readyState > 2;
  const ends = (video) => !video.loop && (video.duration - video.currentTime) / video.playbackRate < SHORT / 1000;

  const bounded = (found, since) => {
    const t = now();
    for (const [id, held] of waiting) {
      if (t > held.until) waiting.delete(id);
      else if (held.source.endless || (heartbeat(held.source) && !held.forced)) continue;
      else if (held.kind === "timer" && (held.forced || held.source.fired < 3)) found.bounded.timer += 1;
      else {
        found.loops += 1;
        found.idle += held.kind === "idle" ? 1 : 0;
      }
    }
    for (const asked of open) {
      if (t > asked.until) open.delete(asked);
      else if (asked.forced || !heartbeat(asked.source)) found.bounded["answer to a message"] += 1;
    }
    for (const entry of reading) {
      const late = t - entry.at;
      const partial = !entry.xhr || entry.xhr.readyState === 2 || entry.xhr.readyState === 3;
      if (late > entry.limit) reading.delete(entry);
      else if (partial && late <= since + LATENESS) found.bounded["answer being read"] += 1;
    }
    if (t - scrolledAt < 150) found.loops += 1;
  };
  const shown = (found, dx, dy) => {
    const add = (rows, element, box = boxOf(element, dx, dy)) => {
      if (box && inSight(element)) rows.push([...box, idOf(element)]);
    };
    for (const animation of document.getAnimations()) {
      const effect = animation.effect;
      if (animation.playState !== "running" || !effect) continue;
      if (effect.getComputedTiming().endTime !== Infinity && !given.has(effect.target)) found.bounded.animation += 1;
      else if (effect.target) add(found.endless, effect.target, endlessBox(effect, dx, dy));
    }
    for (const element of every(LIVE)) {
      if (element.tagName !== "VIDEO") add(known.has(element) ? found.endless : found.live, element);
      else if (!plays(element)) add(found.live, element);
      else if (ends(element)) found.bounded.animation += 1;
      else add(found.endless, element);
    }
    for (const element of movers) {
      const track = tracks.get(element);
      if (element.isConnected && now() - track.last < 1500) add(found.endless, element);
      else movers.delete(element);
    }
    for (const image of document.images) found.bounded.image += comes(image) ? 1 : 0;
    if (document.fonts.status === "loading" && recently(document.fonts)) found.bounded.font += 1;
    if (document.activeViewTransition) found.bounded.animation += 1;
    if (document.readyState === "loading" && recently(document)) found.bounded.document += 1;
  };
  const frames = (found, since, dx, dy) => {
    for (const frame of every("iframe, frame")) {
      let inner = null;
      try {
        // a frame that has only just begun has no report of its own yet
        const its = frame.contentDocument;
        if (its && its.readyState !== "complete" && recently(its)) found.bounded.document += 1;
        inner = its && frame.contentWindow[NAME];
        if (!its) found.outside += 1;
      } catch {
        found.outside += 1; // another origin answers for itself only
        continue;
      }
      if (!inner) continue;
      const r = frame.getBoundingClientRect();
      const style = getComputedStyle(frame);
      const below = inner(
        since,
        dx + r.left + frame.clientLeft + parseFloat(style.paddingLeft || 0),
        dy + r.top + frame.clientTop + parseFloat(style.paddingTop || 0),
        stir,
      );
      for (const [kind, count] of Object.entries(below.bounded)) found.bounded[kind] += count;
      for (const key of ["loops", "idle", "outside"]) found[key] += below[key];
      for (const key of ["endless", "live", "strays"]) found[key].push(...below[key]);
      found.changes += ` ${below.changes}`;
    }
    for (let i = 0; window[i]; i += 1) {
      try {
        if (window[i].document.contentType === PDF) found.outside += 1; // its viewer lies in it, unseen
      } catch {
        found.outside += 1; // an object or embed, too
      }
    }
  };

  // since: ms since the act; dx, dy: where this document begins, in the coordinates of whoever asks; wake: has it look again
  const report = (since = Infinity, dx = 0, dy = 0, wake = null) => {
    arm();
    above = wake;
    watchRecords(observer.takeRecords());
    const found = {
      bounded: { timer: 0, animation: 0, "answer to a message": 0, "answer being read": 0, image: 0, font: 0, document: 0 },
      loops: 0,
      idle: 0,
      endless: [],
      live: [],
      outside: 0,
      pdf: document.contentType === PDF ? performance.timeOrigin : 0,
      strays: [...strays],
      changes: "",
    };
    bounded(found, since);
    shown(found, dx, dy);
    frames(found, since, dx, dy);
    found.changes = `${performance.timeOrigin} ${changes}${found.changes}`;
    return found;
  };
  const set = natives.get(window.setTimeout) || window.setTimeout;
  const PAINTED = ["animation", "font", "document"]; // which may end without one of our functions being run
  const over = (found) => !found.loops && Object.values(found.bounded).every((count) => !count);
  // a browser that paints nothing is in no hurry with what waits for idle time
  const told = (found) =>
    !found.outside && !found.idle && PAINTED.every((kind) => !found.bounded[kind]) && now() - scrolledAt >= 150;
  // The answer as soon as all that this page announces is done; where that is not told, after the next paint. After 50 ms in
  // any case: for some things time runs out, and a tab behind another does not paint.
  report.soon = (since) =>
    new Promise((done) => {
      const began = now();
      const ask = () => report(since + now() - began);
      const answer = (found) => {
        waits.delete(check);
        done(found);
      };
      const end = () => waits.has(check) && answer(ask());
      const check = () => {
        const found = ask();
        if (over(found) || !told(found)) answer(found);
      };
      const first = ask();
      if (told(first) && over(first)) {
        done(first);
        return;
      }
      waits.add(check);
      set.call(window, end, 50);
      if (told(first)) return;
      const frame = natives.get(window.requestAnimationFrame) || window.requestAnimationFrame;
      frame.call(window, end);
    });
  // Once nothing is left to do and what was done is painted. Idle time would say it, too, but may not come for seconds.
  report.idle = async () => {
    const native = (owner, name) => (natives.get(owner[name]) || owner[name]).bind(owner);
    const task = native(window.scheduler, "postTask");
    const frame = native(window, "requestAnimationFrame");
    const last = () => task(() => {}, { priority: "background" }); // all others are done before it
    const painted = () => new Promise((done) => (document.hidden ? done() : frame(() => frame(done))));
    await last();
    await painted();
    await last();
  };
  const below = (call) => {
    for (const frame of every("iframe, frame")) {
      try {
        const inner = frame.contentWindow[NAME];
        if (inner) call(inner);
      } catch {
        // another origin is told by whoever asks it
      }
    }
  };
  // These live elements move for ever.
  report.know = (moved) => {
    for (const element of every(LIVE)) if (moved.includes(idOf(element))) known.add(element);
    below((inner) => inner.know(moved));
  };
  // Nobody waits any longer: what is announced now counts as going on for ever, too.
  report.giveUp = (moved) => {
    for (const held of waiting.values()) held.source.endless = true;
    for (const asked of open) asked.source.endless = true;
    for (const animation of document.getAnimations()) {
      if (animation.effect && animation.effect.target) given.add(animation.effect.target);
    }
    below((inner) => inner.giveUp(moved));
    report.know(moved);
  };
  // Nothing moved: the live elements that were known to have come to rest.
  report.rested = () => {
    // an image that was once seen to move goes on when its next picture is due
    for (const element of every(LIVE)) if (element.tagName !== "IMG") known.delete(element);
    below((inner) => inner.rested());
  };
  Object.defineProperty(window, NAME, { value: report });
})();
