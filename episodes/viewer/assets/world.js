// What the environment knew beside the pixels of one observation.

function world(panel, seen, when) {
  if (!seen) return [];
  const { settled, pointer } = seen;
  const rest = settled.ok
    ? "at rest"
    : el("span", { class: "wrong" }, `not at rest: ${settled.why || "no reason recorded"}`);
  const many = (items, name) => items.map((item) => el("div", { class: item.active ? "active" : "" }, name(item)));
  const rows = [
    seen.title && row("title", seen.title),
    seen.url && row("address", el("span", { class: "url" }, seen.url)),
    row("screen", [rest, ` after ${seconds(settled.seconds)}, ${plural(settled.captures, "capture")}`]),
    row("seen", `at ${seconds(seen.at)} · ${seen.frame.width} × ${seen.frame.height} · ${seen.id}`),
    pointer && row("pointer", `${round(pointer.x)}, ${round(pointer.y)}`),
    seen.dialog &&
      row("dialog", [
        el("span", { class: "pill ambiguous" }, seen.dialog.kind),
        ` ${seen.dialog.message}`,
        seen.dialog.default ? ` [${seen.dialog.default}]` : "",
      ]),
    seen.tabs.length > 1 &&
      row(
        "tabs",
        many(seen.tabs, (tab) => `${tab.title || tab.url || "untitled"} (${tab.id})`),
      ),
    seen.windows.length > 0 &&
      row(
        "windows",
        many(
          seen.windows,
          (each) => `${each.title || "untitled"}${each.program ? ` — ${each.program}` : ""} (${each.id})`,
        ),
      ),
    seen.events.length > 0 &&
      row(
        "events",
        seen.events.map((event) =>
          el(
            "div",
            { class: /crash|error/.test(event.kind) ? "wrong" : "" },
            el("b", {}, event.kind),
            ` ${event.detail} `,
            el("span", { class: "quiet" }, seconds(event.at)),
          ),
        ),
      ),
  ].filter(Boolean);
  return [
    ...panel.section(when, rows),
    ...panel.section("Downloads", seen.downloads.map(downloaded)),
    ...panel.fold("Probes", seen.evidence.length && seen.evidence.map(evidence), seen.evidence.length),
    ...panel.fold(
      "Accessibility tree",
      seen.tree ? () => tree(panel, seen) : el("p", { class: "quiet" }, `none: ${seen.no_tree}`),
    ),
  ];
}

// A file that was downloaded: what it is, and a link to its bytes where the page holds them.
function downloaded(each) {
  const { text, missing } = each.missing ? each : block(`file-${each.sha256}`);
  // never the media type that a site gave: a click saves the file, whatever is in it
  const href = `data:application/octet-stream;base64,${text}`;
  const facts = [`${each.size.toLocaleString("en")} bytes`, each.mime, seconds(each.at)].filter(Boolean);
  return el(
    "div",
    { class: "call" },
    el(
      "p",
      {},
      missing ? el("b", {}, each.name) : el("a", { href, download: each.name }, each.name),
      el("span", { class: "quiet" }, ` ${facts.join(" · ")}`),
    ),
    missing ? el("p", { class: "wrong" }, missing) : null,
    each.sha256 ? el("p", { class: "quiet" }, "sha256 ", el("code", {}, each.sha256)) : null,
    each.file ? el("p", { class: "quiet" }, el("code", {}, each.file)) : null,
    each.url ? el("p", { class: "quiet" }, "from ", el("span", { class: "url" }, each.url)) : null,
  );
}

function tree(panel, seen) {
  const { text, missing } = block(`tree-${seen.tree}`);
  if (missing) return el("p", { class: "wrong" }, missing);
  return el(
    "div",
    { class: "tree" },
    JSON.parse(text).map(([depth, role, name, value, states, box]) => {
      const line = el(
        "div",
        { class: box ? "" : "off", title: states.join(", ") },
        el("b", {}, role),
        name ? ` ${name}` : "",
        value !== null ? el("code", {}, value) : null,
        states.length ? el("small", {}, ` ${states.join(" ")}`) : null,
      );
      line.style.paddingLeft = `${Math.min(depth, 24) * 11 + 4}px`;
      if (!box) return line;
      const [left, top, right, bottom] = box;
      return panel.stage.outlines(line, { left, top, right, bottom }, `${role} ${name}`, seen);
    }),
  );
}
