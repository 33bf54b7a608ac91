// Makes Math.random repeatable: mulberry32, started from a hash of the exact literal of the seed.
(() => {
  const literal = "__handeye_seed__";
  let state = 2166136261;
  for (const character of literal) state = Math.imul(state ^ character.codePointAt(0), 16777619);
  Math.random = function random() {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
})();
