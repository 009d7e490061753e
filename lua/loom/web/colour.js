/**
 * Colours of the page for canvases, which know nothing of its style.
 */

/**
 * A colour token's value as it is now, for canvases.
 * @param {string} name such as "--down"
 */
export function colour(name) {
  const probe = document.createElement("i");
  probe.className = "probe " + name.slice(2);
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
