// Counts the input that a person could have made, by type, as the page's window gets it first.
(() => {
  if (window.__pages_heard) return;
  const heard = (window.__pages_heard = {});
  const kinds = "mousemove mousedown mouseup click wheel keydown input change dragstart";
  for (const kind of kinds.split(" ")) {
    const count = (event) => {
      // choosing in a list and setting a date have no key that is the same everywhere: the environment says so to the page itself
      if (event.isTrusted || kind === "input" || kind === "change") heard[kind] = (heard[kind] || 0) + 1;
    };
    addEventListener(kind, count, { capture: true, passive: true });
  }
})()
