// underglass: shows the last picture, asks the kernel once per page for the code that draws, and hands over to it.
const here = (globalThis[Symbol.for("underglass")] ??= { runtimes: new Map() });
const AGAIN = 2000;
const PART = /underglass-part:([\w.-]*)/g;

function hold(hash) {
  const urls = {};
  return {
    urls,
    async read(data) {
      const text = new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip")));
      return text.json();
    },
    put(files) {
      for (const [name, code] of Object.entries(files)) {
        const parts = [code.replace(PART, (_, other) => (other ? urls[other] : hash))];
        urls[name] = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
      }
    },
  };
}

function ask(model, hash, held) {
  held.asked = Date.now();
  const heard = async (said, [data]) => {
    if (said.runtime !== hash) return;
    model.off("msg:custom", heard);
    if (held.got) return;
    held.got = true;
    held.needs = said.needs;
    held.put(await held.read(data));
    import(held.urls["notebook.js"]).then(held.loaded, held.failed);
  };
  model.on("msg:custom", heard);
  model.send({ ask: "runtime", hash });
}

function runtime(model) {
  const hash = model.get("runtime");
  let held = here.runtimes.get(hash);
  if (!held) {
    held = hold(hash);
    held.module = new Promise((loaded, failed) => Object.assign(held, { loaded, failed }));
    here.runtimes.set(hash, held);
    ask(model, hash, held);
  } else if (!held.got && Date.now() - held.asked > AGAIN) ask(model, hash, held);
  return held.module;
}

export default {
  initialize({ model }) {
    let stop = () => {};
    runtime(model).then(
      ({ attach }) => (stop = attach({ model })),
      () => {},
    );
    return () => stop();
  },
  render({ model, el }) {
    let gone = false;
    let stop = () => {};
    const last = document.createElement("figure");
    last.style.margin = "0";
    if (model.get("picture")) {
      const image = new Image();
      image.src = model.get("picture");
      image.alt = model.get("words");
      image.style.maxWidth = "100%";
      last.append(image);
    }
    const note = document.createElement("figcaption");
    note.style.cssText = "font: 12px/1.5 system-ui, sans-serif; opacity: .75; white-space: pre-line";
    last.append(note);
    el.append(last);
    const waits = setTimeout(() => {
      const how = model.get("picture") ? "This is how it looked." : model.get("words");
      note.textContent = `${how}\nNo kernel answers yet: it may be busy with a cell, or not running. Run this cell to go on.`;
    }, 1500);
    runtime(model).then(
      ({ draw }) => {
        clearTimeout(waits);
        if (gone) return;
        last.remove();
        stop = draw({ model, el });
      },
      (error) => {
        clearTimeout(waits);
        note.textContent = `${model.get("words")}\nThe view cannot be drawn here: ${error.message}`;
      },
    );
    return () => {
      gone = true;
      clearTimeout(waits);
      stop();
    };
  },
};
