// A sound as a waveform, with a player in the side panel. Plain JavaScript: what you read is what runs.

const HEIGHT = { tile: 40, panel: 88 };

/** One column a pixel: the lowest and the highest sample in it. */
export function envelope(samples, columns) {
  const low = new Float32Array(columns);
  const high = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns));
    let [least, most] = [Infinity, -Infinity];
    for (let i = from; i < to && i < samples.length; i++) {
      if (samples[i] < least) least = samples[i];
      if (samples[i] > most) most = samples[i];
    }
    low[column] = least === Infinity ? 0 : least;
    high[column] = most === -Infinity ? 0 : most;
  }
  return { low, high };
}

export function mount(element, context, { row, url, size }) {
  const panel = size === "panel";
  const canvas = document.createElement("canvas");
  Object.assign(canvas.style, { display: "block", width: "100%", height: panel ? `${HEIGHT.panel}px` : "100%" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "waveform");
  element.append(canvas);
  let player = null;
  let sound = null;
  let drawn = null;
  let failure = null;
  let frame = 0;
  const leaving = new AbortController();

  if (panel) {
    player = document.createElement("audio");
    Object.assign(player, { controls: true, preload: "none", src: url });
    Object.assign(player.style, { display: "block", width: "100%", height: "32px", marginTop: "4px" });
    player.setAttribute("aria-label", "play the sound");
    const follow = () => {
      draw();
      if (!player.paused) frame = requestAnimationFrame(follow);
    };
    player.addEventListener("play", follow);
    player.addEventListener("pause", draw);
    player.addEventListener("seeked", draw);
    canvas.style.cursor = "pointer";
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      if (sound) player.currentTime = ((event.clientX - box.left) / box.width) * sound.duration;
    });
    element.append(player);
  }

  function draw() {
    const width = Math.max(1, Math.round(canvas.clientWidth));
    const height = Math.max(1, Math.round(canvas.clientHeight));
    const dense = window.devicePixelRatio || 1;
    canvas.width = width * dense;
    canvas.height = height * dense;
    const ink = canvas.getContext("2d");
    ink.scale(dense, dense);
    const style = getComputedStyle(element);
    if (!sound) return;
    const samples = sound.getChannelData(0);
    const { low, high } = envelope(samples, width);
    const played = player ? (player.currentTime / sound.duration) * width : 0;
    let tallest = 0;
    for (let x = 0; x < width; x++) {
      const top = Math.round(((1 - high[x]) / 2) * height);
      const bottom = Math.max(top + 1, Math.round(((1 - low[x]) / 2) * height));
      ink.fillStyle = style.getPropertyValue(x < played ? "--ink" : "--mark");
      ink.fillRect(x, top, 1, bottom - top);
      tallest = Math.max(tallest, bottom - top);
    }
    drawn = { columns: width, tallest: tallest / height, seconds: sound.duration, rate: sound.sampleRate };
    canvas.setAttribute("aria-label", `waveform of ${sound.duration.toFixed(2)} seconds`);
  }

  async function load() {
    try {
      const answer = await fetch(url, { signal: leaving.signal });
      if (!answer.ok) throw new Error("the sound cannot be had");
      const bytes = await answer.arrayBuffer();
      // an offline context decodes without asking for leave to play, and at the rate that the file has
      const rate = bytes.byteLength > 28 ? new DataView(bytes).getUint32(24, true) : 44100;
      const decoder = new OfflineAudioContext(1, 1, Math.min(96000, Math.max(8000, rate)));
      sound = await decoder.decodeAudioData(bytes);
      draw();
    } catch (error) {
      if (leaving.signal.aborted) return;
      failure = error instanceof Error ? error.message : String(error);
      canvas.replaceWith(Object.assign(document.createElement("span"), { textContent: "no sound" }));
    }
  }
  void load();

  return {
    update() {},
    describe: () => ({ row, size, failure, playing: player ? !player.paused : false, ...drawn }),
    destroy() {
      leaving.abort();
      cancelAnimationFrame(frame);
      if (player) {
        player.pause();
        player.removeAttribute("src");
        player.load();
      }
      element.replaceChildren();
    },
  };
}
