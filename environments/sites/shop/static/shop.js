"use strict";

for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

for (const select of document.querySelectorAll("select[data-photo]")) {
  const photo = document.getElementById(select.dataset.photo);
  const show = () => { photo.src = photo.dataset.path + select.value + ".jpg"; };
  select.addEventListener("change", show);
}

const checkout = document.querySelector("form.checkout");
if (checkout) {
  const goods = Number(checkout.dataset.goods);
  const freeFrom = Number(checkout.dataset.freeFrom);
  const money = (pence) => (pence ? "£" + (pence / 100).toFixed(2) : "Free");
  const put = (name, text) => { document.querySelector(`[data-sum="${name}"]`).textContent = text; };
  const add = () => {
    const chosen = checkout.querySelector("input[name=delivery]:checked");
    const free = chosen && chosen.value === "standard" && goods >= freeFrom;
    const delivery = chosen && !free ? Number(chosen.dataset.pence) : 0;
    const wrap = checkout.elements.gift_wrap;
    const wrapping = wrap.checked ? Number(wrap.dataset.pence) : 0;
    put("delivery", chosen ? money(delivery) : "–");
    put("gift-wrap", wrapping ? money(wrapping) : "–");
    put("total", money(goods + delivery + wrapping));
  };
  checkout.addEventListener("change", add);
  add();
}
