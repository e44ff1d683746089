(() => {
  "use strict";
  // What the page's style says of ink, for what plotly writes inside a chart; as interp.figures.layout has it.
  const INK = {light: "#31333F", dark: "#E6EAF1", print: "#000000"};
  const PRINT_WIDTH = 685; // A4 without its margins of 14 mm, in CSS pixels
  const AHEAD = "900px 0px"; // how far below the screen a chart is drawn already
  const CONFIG = {
    displaylogo: false, responsive: true, scrollZoom: false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  };
  document.documentElement.classList.add("js");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const look = document.getElementById("look").textContent;
  const charts = [...document.querySelectorAll(".chart")];
  const drawn = new Set();
  const contents = document.getElementById("contents");
  let printing = false;
  let wasOpen = true;

  const scheme = () => (printing ? "print" : dark.matches ? "dark" : "light");

  function under(owner, key) {
    if (typeof owner[key] === "string") owner[key] = {text: owner[key]};
    return (owner[key] ??= {});
  }

  function inkBar(bar, ink) {
    under(bar, "tickfont").color = ink;
    under(under(bar, "title"), "font").color = ink;
  }

  function inked(figure, ink) {
    const {layout, data} = figure;
    under(layout, "font").color = ink;
    if (!layout.xaxis) layout.xaxis = {};
    if (!layout.yaxis) layout.yaxis = {};
    for (const [name, part] of Object.entries(layout)) {
      if (/^[xy]axis\d*$/.test(name)) {
        under(part, "tickfont").color = ink;
        under(under(part, "title"), "font").color = ink;
      } else if (/^coloraxis\d*$/.test(name)) {
        inkBar(under(part, "colorbar"), ink);
      }
    }
    for (const trace of data) {
      if (trace.colorbar) inkBar(trace.colorbar, ink);
      if (trace.marker?.colorbar) inkBar(trace.marker.colorbar, ink);
    }
    layout.modebar = {bgcolor: "rgba(0, 0, 0, 0)", color: ink, activecolor: ink};
    return figure;
  }

  function draw(node) {
    const figure = JSON.parse(node.parentElement.querySelector("script").textContent);
    const {data, layout} = inked(figure, INK[scheme()]);
    layout.template = JSON.parse(look);
    const least = Number(node.dataset.least);
    node.style.zoom = "";
    if (printing) {
      // Drawn as wide as its panels need, then made as wide as the paper.
      layout.width = Math.max(PRINT_WIDTH, least);
      node.style.zoom = PRINT_WIDTH / layout.width;
      node.style.width = `${layout.width}px`;
    } else {
      node.style.width = "";
    }
    drawn.add(node);
    Plotly.react(node, data, layout, {...CONFIG, staticPlot: printing});
  }

  const near = new IntersectionObserver(entries => {
    for (const {isIntersecting, target} of entries) {
      if (isIntersecting && !printing && !drawn.has(target)) draw(target);
    }
  }, {rootMargin: AHEAD});

  for (const node of charts) {
    node.style.height = `${node.dataset.height}px`;
    node.style.minWidth = `${node.dataset.least}px`;
    near.observe(node);
  }

  // Only what has been drawn is drawn anew in the other colours.
  dark.addEventListener("change", () => { if (!printing) for (const node of drawn) draw(node); });

  addEventListener("beforeprint", () => {
    printing = true;
    wasOpen = contents.open;
    contents.open = true;
    for (const node of charts) {
      Plotly.purge(node);
      draw(node);
    }
  });
  addEventListener("afterprint", () => {
    printing = false;
    contents.open = wasOpen;
    for (const node of charts) {
      Plotly.purge(node);
      node.style.zoom = node.style.width = "";
      drawn.delete(node);
      near.unobserve(node);
      near.observe(node);
    }
  });

  // A narrow screen begins with the report, not with its table of contents.
  if (matchMedia("(max-width: 74.99rem)").matches) contents.open = false;

  function select(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const chosen = getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      let done = false;
      try {
        await navigator.clipboard.writeText(source.textContent);
        done = true;
      } catch { // a page opened from disk may not be let near the clipboard
        select(source);
        done = document.execCommand("copy");
      }
      button.nextElementSibling.textContent = done ? "Copied." : "Selected: copy it with Ctrl+C.";
    });
  }
})();
