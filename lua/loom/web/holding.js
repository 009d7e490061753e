/**
 * What is pressed stays until it is let go, so that no click is lost: whatever would put something else in its place waits.
 */

const ENDS = ["pointerup", "pointercancel", "blur"]; // of a press; whoever leaves the window lets go elsewhere
const PRESS = 5000; // milliseconds that a press lasts at most: of a list that opens nobody tells when it was let go

/** @param {Element} element */
export function holding(element) {
  /** @type {ReturnType<typeof setTimeout> | undefined} while something is pressed */
  let pressed;
  /** @type {(() => void)[]} what is done when nothing is pressed any more */
  let waiting = [];

  function release() {
    ENDS.forEach((name) => removeEventListener(name, release));
    clearTimeout(pressed);
    setTimeout(() => { // the click comes after what ends it
      pressed = undefined;
      const due = waiting;
      waiting = [];
      due.forEach((act) => act());
    });
  }

  element.addEventListener("pointerdown", () => {
    clearTimeout(pressed);
    pressed = setTimeout(release, PRESS);
    ENDS.forEach((name) => addEventListener(name, release));
  });
  return {
    isPressed: () => pressed !== undefined,

    /**
     * Does something now, or when nothing is pressed any more.
     * @param {() => void} act
     */
    run(act) {
      if (pressed === undefined) {
        act();
      } else {
        waiting.push(act);
      }
    },
  };
}
