// Called on the element of a frame: what of the viewport around it its ancestors let through, and how many pixels of that viewport one of
// the element's document has. Frames of the same origin around it are looked through.
function () {
  const meet = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const flat = (element) => element.assignedSlot || element.parentElement || (element.getRootNode().host || null);
  let clip = [-1e9, -1e9, 1e9, 1e9];
  let zoom = 1;
  for (let owner = this; owner; ) {
    const view = owner.ownerDocument.defaultView;
    let loose = getComputedStyle(owner).position;
    for (let each = flat(owner); each; each = flat(each)) {
      const style = view.getComputedStyle(each);
      const held = style.position !== "static" || style.transform !== "none";
      const passes = (loose === "absolute" && !held) || (loose === "fixed" && style.transform === "none");
      if (passes) continue;
      loose = style.position;
      const root = each === each.ownerDocument.documentElement || each === each.ownerDocument.body;
      if (root || (style.overflowX === "visible" && style.overflowY === "visible")) continue;
      const box = each.getBoundingClientRect();
      const own = each.currentCSSZoom || 1;
      const [left, top] = [box.left + each.clientLeft * own, box.top + each.clientTop * own];
      clip = meet(clip, [left, top, Math.max(left, left + each.clientWidth * own), Math.max(top, top + each.clientHeight * own)]);
    }
    let outer = null;
    try {
      outer = view.frameElement;
    } catch {
      outer = null;
    }
    if (!outer) break;
    const box = outer.getBoundingClientRect();
    const ratio = outer.currentCSSZoom || 1;
    zoom *= ratio;
    const style = outer.ownerDocument.defaultView.getComputedStyle(outer);
    const left = box.left + (outer.clientLeft + parseFloat(style.paddingLeft)) * ratio;
    const top = box.top + (outer.clientTop + parseFloat(style.paddingTop)) * ratio;
    const [width, height] = [view.innerWidth * ratio, view.innerHeight * ratio];
    clip = [clip[0] * ratio + left, clip[1] * ratio + top, clip[2] * ratio + left, clip[3] * ratio + top];
    clip = meet(clip, [left, top, left + width, top + height]);
    owner = outer;
  }
  return { zoom, clip: clip[2] > clip[0] && clip[3] > clip[1] ? clip : [0, 0, 0, 0] };
}
