// Fills a page with small targets, each of a colour of its own, in places that are hard to hit; tells which of them gets each click.
// Given: plan = { part, width, height, targets: [{ key, color, group, x, y, w, h }] } with places as shares of the group's region.
(() => {
  const report = (event) => {
    const from = event.composedPath()[0];
    // what is in a closed root is seen from inside only
    if (event.currentTarget === window && from.dataset && from.dataset.closed) return;
    const key = (from.dataset && from.dataset.key) || (from.nodeType === 1 && from.closest("[data-key]") || { dataset: {} }).dataset.key || "what is behind it";
    top.postMessage({ hit: key }, "*");
  };
  addEventListener("click", report, true);
  if (window === top) {
    window.hits = [];
    addEventListener("message", (event) => event.data && event.data.hit && hits.push(event.data.hit));
  }
  const { plan } = window;
  const region = (index) => {
    const columns = 3, w = plan.width / columns, h = plan.height / columns;
    return { x: (index % columns) * w, y: Math.floor(index / columns) * h, w, h };
  };
  const REGIONS = ["grid", "overlap", "scroller", "shadow", "frame", "other", "turned", "svg", "fraction"];
  const draw = (root, targets, place) => {
    for (const target of targets) {
      const element = document.createElement("button");
      const { x, y } = place(target);
      element.dataset.key = target.key;
      element.setAttribute("aria-label", target.key);
      element.style.cssText = `position:absolute;left:${x}px;top:${y}px;width:${target.w}px;height:${target.h}px;background:${target.color};` +
        "border:0;padding:0;margin:0;border-radius:0;appearance:none;font-size:1px;pointer-events:auto";
      root.append(element);
    }
  };
  const holder = (index, style = "") => {
    const { x, y, w, h } = region(index);
    const element = document.createElement("div");
    element.style.cssText = `position:absolute;left:${x}px;top:${y}px;width:${w}px;height:${h}px;` + style;
    document.body.append(element);
    return element;
  };
  // beside the targets at the edges of the viewport
  const within = (box, margin = 16) => (target) => ({
    x: margin + target.x * (box.w - 2 * margin - target.w),
    y: margin + target.y * (box.h - 2 * margin - target.h),
  });
  const of = (group) => plan.targets.filter((each) => each.group === group);
  if (window !== top) {
    draw(document.body, plan.targets, within({ w: plan.width, h: plan.height }, 2));
    return;
  }
  REGIONS.forEach((group, index) => {
    const box = region(index);
    const place = within(box);
    const targets = of(group);
    if (group === "scroller") {
      const outer = holder(index, "overflow:scroll;scrollbar-width:none");
      const inner = document.createElement("div");
      inner.style.cssText = `position:relative;width:${box.w * 3}px;height:${box.h * 3}px`;
      outer.append(inner);
      outer.scrollTo(box.w * 0.71, box.h * 0.63);
      draw(inner, targets, (target) => ({ x: place(target).x + outer.scrollLeft, y: place(target).y + outer.scrollTop }));
    } else if (group === "shadow") {
      const host = holder(index);
      const root = host.attachShadow({ mode: "closed" });
      host.dataset.closed = "yes";
      root.addEventListener("click", report);
      draw(root, targets, place);
    } else if (group === "frame" || group === "other") {
      const frame = document.createElement("iframe");
      frame.style.cssText = `width:${box.w - 13}px;height:${box.h - 9}px;border:2.5px solid #ddd;padding:1px;box-sizing:border-box;margin:3.5px`;
      frame.src = (group === "other" ? `http://localhost:${location.port}` : "") + `/inner?page=${plan.part}-${group}`;
      holder(index).append(frame);
    } else if (group === "svg") {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("width", box.w);
      svg.setAttribute("height", box.h);
      for (const target of targets) {
        const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const { x, y } = place(target);
        for (const [name, value] of Object.entries({ x, y, width: target.w, height: target.h, fill: target.color, role: "button", "aria-label": target.key }))
          rect.setAttribute(name, value);
        rect.dataset.key = target.key;
        svg.append(rect);
      }
      holder(index).append(svg);
    } else if (group === "turned") {
      // turned, it lies over the targets beside it
      draw(holder(index, "pointer-events:none;transform:rotate(11deg) scale(0.9, 1.1) skewX(5deg)"), targets, within(box, Math.min(box.w, box.h) / 6));
    } else {
      draw(holder(index), targets, place);
    }
  });
  draw(document.body, of("edge"), (target) => ({
    x: target.x < 0.5 ? 0 : plan.width - target.w,
    y: target.y * (plan.height - target.h),
  }));
})();
