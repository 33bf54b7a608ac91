// Pieces that the panel and the sheet about the run have in common.

function row(name, ...content) {
  return el(
    "div",
    { class: "row" },
    el("span", { class: "name" }, name),
    el("div", {}, ...content.map((each, index) => (index ? el("span", { class: "quiet" }, each) : each))),
  );
}

function card(kind, title, message, remedy = "") {
  return el(
    "div",
    { class: `card ${kind}`, role: "note" },
    icon(`mark-${kind}`),
    el(
      "div",
      {},
      el("b", {}, title),
      message ? el("p", {}, message) : null,
      remedy ? el("p", { class: "remedy" }, remedy) : null,
    ),
  );
}

function evidence(each) {
  const { probe } = each;
  const answer = each.missing
    ? el("p", { class: "wrong" }, each.missing)
    : el("pre", {}, typeof each.value === "string" ? each.value : json(each.value));
  return el(
    "div",
    { class: "call" },
    el("p", {}, el("span", { class: "pill" }, probe.kind), el("code", {}, probe.argument)),
    answer,
  );
}

// a packed episode has WebP (which begins with RIFF) where others have PNG
const pictureUrl = (text) => `data:image/${text.startsWith("UklG") ? "webp" : "png"};base64,${text}`;

const extent = (box) => `${round(box.right - box.left)} × ${round(box.bottom - box.top)}`;
