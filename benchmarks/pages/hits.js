// What a click would meet at each of some points (CSS pixels of the viewport): the innermost element and what it lies in, through
// frames of the same origin and open shadow roots, each as [tag, left, top, right, bottom]; a label brings its control. Null where a box
// says little: a shape of a drawing is met only where there is ink, and what is turned in space lies in the order of its depth.
((points) => {
  const innermost = (x, y) => {
    let [root, dx, dy, found] = [document, 0, 0, null];
    for (;;) {
      const element = root.elementFromPoint(x - dx, y - dy);
      if (!element || (found && element === found.element)) return found;
      found = { element, dx, dy };
      if (element.shadowRoot) {
        root = element.shadowRoot;
        continue;
      }
      let inner = null;
      try {
        inner = element.contentDocument;
      } catch {
        inner = null; // another origin
      }
      if (!inner) return found;
      const r = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      dx += r.left + element.clientLeft + parseFloat(style.paddingLeft);
      dy += r.top + element.clientTop + parseFloat(style.paddingTop);
      root = inner;
    }
  };
  const line = (element, dx, dy) => {
    const r = element.getBoundingClientRect();
    return [element.localName, r.left + dx, r.top + dy, r.right + dx, r.bottom + dy];
  };
  const boxless = (element) => {
    if (element instanceof SVGElement) return true;
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.transform.startsWith("matrix3d") || style.transformStyle === "preserve-3d") return true;
    }
    return false;
  };
  const chain = ([x, y]) => {
    const found = innermost(x, y);
    if (!found) return [];
    if (boxless(found.element)) return null;
    const { dx, dy } = found;
    const lines = [];
    let at = found.element;
    while (at) {
      lines.push(line(at, dx, dy));
      if (at.localName === "label" && at.control) lines.push(line(at.control, dx, dy));
      const root = at.getRootNode();
      at = at.parentElement || (root instanceof ShadowRoot ? root.host : null);
    }
    return lines;
  };
  return points.map(chain);
})
