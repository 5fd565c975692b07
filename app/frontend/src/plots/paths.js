/** Paths of SVG from columns of numbers; what is not known makes a gap. */

export function linePath(xs, ys, sx, sy) {
  let path = '';
  let isDown = false;
  for (let k = 0; k < xs.length; k++) {
    const isKnown = ys[k] != null && Number.isFinite(ys[k]);
    if (isKnown) path += `${isDown ? 'L' : 'M'}${sx(xs[k]).toFixed(1)},${sy(ys[k]).toFixed(1)}`;
    isDown = isKnown;
  }
  return path;
}

export function bandPath(xs, low, high, sx, sy) {
  const there = xs.map((x, k) => `${sx(x).toFixed(1)},${sy(high[k]).toFixed(1)}`);
  const back = xs.map((x, k) => `${sx(x).toFixed(1)},${sy(low[k]).toFixed(1)}`).reverse();
  return `M${[...there, ...back].join('L')}Z`;
}

/** Steps of a histogram, closed at the bottom. */
export function histogramPath({ edges, shares }, sx, sy) {
  let path = `M${sx(edges[0])},${sy(0)}`;
  shares.forEach((share, k) => {
    path += `V${sy(share).toFixed(1)}H${sx(edges[k + 1]).toFixed(1)}`;
  });
  return `${path}V${sy(0)}Z`;
}
