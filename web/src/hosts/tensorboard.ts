// The tab in TensorBoard: it imports this module into a frame of ours and calls `render`; what it draws is loaded then.

/** Draw the tab. The base is made absolute first: the page writes its state into its address, which a relative base would follow. */
export async function render(): Promise<void> {
  const base = document.querySelector("base") ?? document.head.appendChild(document.createElement("base"));
  base.href = document.baseURI;
  document.documentElement.lang = "en";
  const { draw } = await import("./tensorboard/tab");
  draw(document.body);
}
