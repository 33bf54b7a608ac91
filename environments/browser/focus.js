// What has the keyboard now, looked for through open shadow roots and frames of the same origin.
(() => {
  let element = document.activeElement;
  for (;;) {
    let inner = null;
    try {
      inner = element && ((element.shadowRoot && element.shadowRoot.activeElement) || (element.contentDocument && element.contentDocument.activeElement));
    } catch {
      inner = null;
    }
    if (!inner) break;
    element = inner;
  }
  if (!element) return { tag: "", takes: false };
  const tag = element.tagName.toLowerCase();
  const textual = tag === "textarea" || (tag === "input" && !["button", "submit", "reset", "checkbox", "radio", "file", "image"].includes(element.type));
  // a frame of another origin, a plugin or a canvas may take keys without saying so
  const opaque = ["iframe", "frame", "embed", "object", "canvas"].includes(tag);
  const custom = element.hasAttribute("tabindex") || ["textbox", "combobox", "searchbox", "application"].includes(element.getAttribute("role"));
  return { tag, takes: (textual && !element.disabled && !element.readOnly) || element.isContentEditable || opaque || custom };
})()
