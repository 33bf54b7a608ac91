// Functions called on the element at a point; each returns plain data. `this` is the innermost node there.
({
  // What is here, for one that wants to type or choose.
  describe() {
    const element = this.nodeType === 1 ? this : this.parentElement;
    const label = element.closest("label");
    const own = element.closest("input, select, textarea, button, a, [contenteditable]");
    const control = own || (label && label.control) || element;
    const tag = control.tagName.toLowerCase();
    const type = tag === "input" ? control.type : "";
    const text = (control.innerText || control.value || control.getAttribute("aria-label") || "").trim().slice(0, 60);
    return { tag, type, text, editable: control.isContentEditable === true, disabled: control.matches(":disabled") };
  },
  // Chooses options of the native list here, by label and else by value, as a person would: then it says so to the page.
  select(wanted) {
    const element = this.nodeType === 1 ? this : this.parentElement;
    const label = element.closest("label");
    const list = element.closest("select") || (label && label.control);
    if (!list || list.tagName !== "SELECT") return { error: "no list" };
    if (list.matches(":disabled")) return { error: "disabled" };
    const squeeze = (text) => text.replace(/\s+/g, " ").trim();
    const options = [...list.options];
    const chosen = [];
    for (const want of wanted.map(squeeze)) {
      const by = (same) => options.filter((each) => same(squeeze(each.label || each.text), each.value));
      let found = by((text) => text === want);
      if (!found.length) found = by((text) => text.toLowerCase() === want.toLowerCase());
      if (!found.length) found = by((_, value) => value === want);
      const enabled = found.filter((each) => !each.matches(":disabled"));
      const all = options.map((each) => squeeze(each.label || each.text));
      if (!found.length) return { error: "absent", want, all };
      if (!enabled.length) return { error: "disabled option", want, all };
      if (enabled.length > 1) return { error: "ambiguous", want, all };
      chosen.push(enabled[0]);
    }
    if (chosen.length > 1 && !list.multiple) return { error: "single" };
    list.focus();
    const before = options.map((each) => each.selected).join();
    for (const each of options) each.selected = chosen.includes(each);
    if (options.map((each) => each.selected).join() !== before) {
      list.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
      list.dispatchEvent(new Event("change", { bubbles: true }));
    }
    return { chosen: chosen.map((each) => squeeze(each.label || each.text)) };
  },
  // Sets the value of a native date, time, colour or range input, which has no keyboard that is the same everywhere. What a person could
  // not set there is refused, with what can be.
  setValue(value) {
    const element = this.nodeType === 1 ? this : this.parentElement;
    const label = element.closest("label");
    const input = element.closest("input") || (label && label.control);
    if (input.readOnly && input.type !== "range" && input.type !== "color") return { error: "read-only" };
    const before = input.value;
    // the page may have put a setter of its own on the element
    const own = input.ownerDocument.defaultView.HTMLInputElement.prototype;
    const set = Object.getOwnPropertyDescriptor(own, "value").set;
    input.focus();
    set.call(input, value);
    const took = input.value;
    const { rangeUnderflow, rangeOverflow, stepMismatch } = input.validity;
    const asAsked =
      input.type === "range" ? Number(took) === Number(value) && value.trim() !== ""
      : input.type === "color" ? took.toLowerCase() === value.toLowerCase()
      : (took !== "") === (value !== "");
    if (!asAsked || rangeUnderflow || rangeOverflow || stepMismatch) {
      set.call(input, before);
      if (input.type === "color") return { error: "refused" };
      const range = input.type === "range";
      return { error: "refused", min: input.min || (range ? "0" : ""), max: input.max || (range ? "100" : ""), step: input.step };
    }
    if (took !== before) {
      input.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    return { value: took };
  },
})
