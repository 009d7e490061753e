/**
 * The files of the copy. They are scripts, since browsers read no others beside a page that was opened from a disk: each puts a
 * text of JSON under its name.
 */

const NAME = /^data\/[a-z]+-\d+\.js$/;

/** @type {{ loomFiles?: Record<string, string> }} */
const scope = /** @type {any} */ (globalThis);

/** @type {Map<string, Promise<any>>} */
const loading = new Map();

// Addresses of scripts are made here alone, of files in the folder, where browsers hold a page to that.
/** @type {{ createScriptURL: (path: string) => string }} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("loom", { createScriptURL: checked })
  ?? { createScriptURL: checked };

/** @param {string} path */
function checked(path) {
  if (!NAME.test(path)) {
    throw new TypeError(`${path}: is no file of the copy`);
  }
  return path;
}

/** @param {string} name */
function take(name) {
  const text = scope.loomFiles?.[name];
  if (text === undefined) {
    throw new Error(`data/${name}.js is not there`);
  }
  delete scope.loomFiles?.[name];
  return JSON.parse(text);
}

/** What is told of all stores, which came with the page. */
export const fleet = take("fleet");

/**
 * Loads a file, once.
 * @param {string} name such as "stores-1"
 * @returns {Promise<any>}
 */
export function load(name) {
  const known = loading.get(name) ?? new Promise((done, fail) => {
    const script = document.createElement("script");
    script.addEventListener("load", () => {
      script.remove();
      try {
        done(take(name));
      } catch (error) {
        fail(error);
      }
    });
    script.addEventListener("error", () => {
      script.remove();
      loading.delete(name);
      fail(new Error(`data/${name}.js is not there`));
    });
    script.src = policy.createScriptURL(`data/${name}.js`);
    document.head.append(script);
  });
  loading.set(name, known);
  return known;
}
