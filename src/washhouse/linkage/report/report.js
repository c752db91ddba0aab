// Draws every chart from its declaration; without script the tables stand alone.
for (const place of document.querySelectorAll("[data-chart]")) {
  const declared = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const runtime = vega.parse(vegaLite.compile(declared).spec, null, { ast: true });
  new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: "svg", container: place, hover: false }).runAsync();
}
