// Draws every chart from its declaration; without script the tables stand alone.
for (const place of document.querySelectorAll('[data-chart]')) {
  const declared = JSON.parse(place.dataset.chart)
  const runtime = vega.parse(vegaLite.compile(declared).spec, null, { ast: true })
  const view = new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: 'svg', container: place, hover: false })
  view.runAsync()
}
