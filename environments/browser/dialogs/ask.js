// Runs in every page before its own scripts. What would open a window of the browser's (a question for a permission, a print)
// asks our side first, through a function that is taken away from the page here.
(() => {
  const NAME = "__handeye_name__";
  const PRINT = "__handeye_print__";
  const ask = window[NAME];
  if (typeof ask !== "function") return;
  delete window[NAME];
  // what Playwright leaves beside it need not be listed
  for (const name of Object.keys(window).filter((each) => each.startsWith("__playwright__binding__"))) {
    Object.defineProperty(window, name, { enumerable: false });
  }
  const call = Reflect.apply;
  const confirm = window.confirm.bind(window);
  const permissions = navigator.permissions;
  const query = permissions && permissions.query.bind(permissions);
  const devices = navigator.mediaDevices && navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);

  // A proxy of a native function has its name, its length and its text.
  const wrap = (owner, name, apply) => {
    const found = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!found || typeof found.value !== "function") return;
    Object.defineProperty(owner, name, { ...found, value: new Proxy(found.value, { apply }) });
  };
  const prototype = (name) => window[name] && window[name].prototype;

  // Returns when none of the permissions is undecided any more; what was decided is the browser's to keep.
  const decide = async (...wanted) => {
    const open = [];
    for (const each of wanted) {
      try {
        if ((await query(each)).state === "prompt") open.push(each);
      } catch {
        // a permission that this browser does not know
      }
    }
    if (open.length) await ask("permission", open).catch(() => {});
  };
  const asking = (owner, name, ...wanted) =>
    wrap(owner, name, (target, self, args) => decide(...wanted).then(() => call(target, self, args)));

  if (query && window.isSecureContext) {
    asking(window.Notification, "requestPermission", { name: "notifications" });
    asking(prototype("PushManager"), "subscribe", { name: "notifications" });
    asking(prototype("Clipboard"), "readText", { name: "clipboard-read" });
    asking(prototype("Clipboard"), "read", { name: "clipboard-read" });
    asking(prototype("Navigator"), "requestMIDIAccess", { name: "midi" }, { name: "midi", sysex: true });
    asking(prototype("Document"), "requestStorageAccess", { name: "storage-access" });
    asking(prototype("MediaDevices"), "getDisplayMedia", { name: "display-capture" });
    asking(window.IdleDetector, "requestPermission", { name: "idle-detection" });
    asking(window, "getScreenDetails", { name: "window-management" });
    asking(window, "queryLocalFonts", { name: "local-fonts" });

    // without a device a browser says so, and asks nobody
    const capture = async (constraints) => {
      const there = new Set((await devices()).map((each) => each.kind));
      const wanted = [];
      if (constraints && constraints.video && there.has("videoinput")) wanted.push({ name: "camera" });
      if (constraints && constraints.audio && there.has("audioinput")) wanted.push({ name: "microphone" });
      await decide(...wanted);
    };
    wrap(prototype("MediaDevices"), "getUserMedia", (target, self, args) => capture(args[0]).then(() => call(target, self, args)));
    for (const name of ["getUserMedia", "webkitGetUserMedia"]) {
      wrap(prototype("Navigator"), name, (target, self, args) => {
        capture(args[0]).then(() => call(target, self, args));
      });
    }

    const location = { name: "geolocation" };
    wrap(prototype("Geolocation"), "getCurrentPosition", (target, self, args) => {
      if (typeof args[0] !== "function") return call(target, self, args);
      decide(location).then(() => call(target, self, args));
    });
    // a watch has its number at once, and begins when it may
    const watches = new Map();
    let count = 0;
    wrap(prototype("Geolocation"), "watchPosition", (target, self, args) => {
      if (typeof args[0] !== "function") return call(target, self, args);
      count += 1;
      const id = count;
      watches.set(id, null);
      decide(location).then(() => watches.has(id) && watches.set(id, call(target, self, args)));
      return id;
    });
    wrap(prototype("Geolocation"), "clearWatch", (target, self, args) => {
      const id = Number(args[0]);
      const native = watches.get(id);
      watches.delete(id);
      return native ? call(target, self, [native]) : undefined;
    });
  }

  // Printing stops the page until it is answered, as it does for a person: a dialog of the page with a secret text stands for it.
  let printing = null;
  const print = () => {
    window.dispatchEvent(new Event("beforeprint"));
    let foreign = false;
    try {
      foreign = !window.top.document;
    } catch {
      foreign = true; // a frame of another site may print, but has no dialogs that stop it
    }
    if (foreign) {
      printing = ask("print", null).catch(() => {});
    } else if (confirm(PRINT)) {
      printing = ask("printed", null).catch(() => {});
    }
    window.dispatchEvent(new Event("afterprint"));
  };
  wrap(window, "print", () => print());
  wrap(Document.prototype, "execCommand", (target, self, args) => {
    if (String(args[0]).toLowerCase() !== "print") return call(target, self, args);
    print();
    return true;
  });
  // a page that prints itself and closes is there until it is on paper
  wrap(window, "close", (target, self, args) => {
    if (printing === null || self !== window) return call(target, self, args);
    printing.then(() => call(target, self, args));
  });
})();
