// Placed directly after core.js. One page load is one episode, in progress when the page has loaded.
(function (seed) {
  // True from the start on most pages of the package; here it says that the episode has begun.
  WOB_TASK_READY = false;

  // Each page calls this when it is ready, and core.js again when the episode has ended.
  var showCover = core.startEpisode;
  var begun = false;
  core.startEpisode = function () {
    showCover();
    // A click on the cover would begin another episode and wipe the reward of this one.
    core.cover_div.onclick = null;
    if (begun) return;
    begun = true;
    // A page may go on setting up after the call: a microtask runs when it is done and before anything is drawn.
    queueMicrotask(begin);
  };

  function begin() {
    // The pages set their own limit of 7 to 60 s, too short for a model that thinks.
    core.EPISODE_MAX_TIME = 1000000;
    if (seed !== null) Math.seedrandom(seed);
    WOB_TASK_READY = true;
    // Where the task lives in a frame this withdraws the mark again, and the frame gives it when it has loaded.
    core.startEpisodeReal();
  }
})(/*seed*/);
