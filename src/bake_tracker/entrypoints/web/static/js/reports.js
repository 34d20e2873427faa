"use strict";
// Draws the charts of a report. The tables below them say the same, and are all there is without this script.
(() => {
  const drawn = [];

  // Told apart by those who see few colours too, and three times as bright or dark as what is behind them.
  const LIGHT = { line: "#d3d8de", surface: "#ffffff", series: ["#0072b2", "#c24e00", "#00805c", "#b2558a", "#a06f00", "#6b4ba1", "#2c7fb8", "#5a5a5a"] };
  const DARK = { line: "#46505c", surface: "#24282e", series: ["#56b4e9", "#ff9d5c", "#3ecf9f", "#e79ac6", "#e9c46a", "#b39ddb", "#9ecae1", "#cfcfcf"] };

  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow"];

  function seriesOf(chart) {
    return chart.series.map((one, place) => ({
      name: one.name,
      type: chart.kind,
      data: one.values.map((value) => (value === null ? null : Number(value))),
      stack: chart.stacked ? "all" : undefined,
      areaStyle: chart.kind === "line" && chart.stacked ? { opacity: 0.35 } : undefined,
      symbol: SYMBOLS[place % SYMBOLS.length],
      symbolSize: 8,
      showSymbol: chart.axis.length < 60,
      showAllSymbol: true,
      connectNulls: chart.kind === "line" && !chart.stacked,
      barMaxWidth: 48,
    }));
  }

  function optionOf(chart) {
    const text = getComputedStyle(document.body).color;
    const { line, surface, series } = document.documentElement.dataset.bsTheme === "dark" ? DARK : LIGHT;
    const names = { type: "category", data: chart.axis, axisLabel: { color: text, hideOverlap: true }, axisLine: { lineStyle: { color: line } } };
    const values = { type: "value", axisLabel: { color: text }, splitLine: { lineStyle: { color: line } } };
    return {
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      color: series,
      // Patterns and words beside the colours.
      aria: { enabled: true, label: { general: { withoutTitle: chart.title } }, decal: { show: chart.kind === "bar" && chart.series.length > 1 } },
      grid: { left: 8, right: 24, top: chart.series.length > 1 ? 48 : 16, bottom: 8, containLabel: true },
      legend: { show: chart.series.length > 1, type: "scroll", top: 0, textStyle: { color: text }, pageTextStyle: { color: text }, pageIconColor: text },
      // HTML would need inline styles, which our policy forbids.
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        backgroundColor: surface, borderColor: line, textStyle: { color: text },
        formatter: (points) => [points[0].axisValueLabel, ...points.filter((one) => one.value !== null && one.value !== undefined)
          .map((one) => `${one.seriesName}: ${chart.series[one.seriesIndex].texts[one.dataIndex]} ${chart.unit}`)].join("\n"),
      },
      xAxis: chart.sideways ? values : names,
      yAxis: chart.sideways ? { ...names, inverse: true } : values,
      series: seriesOf(chart),
    };
  }

  for (const place of document.querySelectorAll("[data-chart]")) {
    const chart = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    place.hidden = false;
    const made = echarts.init(place);
    made.setOption(optionOf(chart));
    drawn.push([made, chart]);
  }
  addEventListener("resize", () => { for (const [made] of drawn) made.resize(); });
  new MutationObserver(() => { for (const [made, chart] of drawn) made.setOption(optionOf(chart), true); })
    .observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
