/**
 * What the browser says of itself, for the operator's list of devices. It is the browser's own word, and nothing
 * rests on it.
 */

/** JSON as the core takes it. */
export function describeBrowser() {
  const said = /** @type {any} */ (navigator).userAgentData;
  const agent = navigator.userAgent;
  const os = said?.platform || osOf(agent);
  return JSON.stringify({ os, os_version: versionOf(agent), model: browserOf(said, agent) });
}

/** @param {string} agent */
function osOf(agent) {
  if (/iPhone|iPad|iPod/.test(agent)) return 'iOS';
  const found = /(Android|Windows|Mac OS X|Linux)/.exec(agent);
  return found?.[1] ?? 'unknown';
}

/** @param {string} agent */
function versionOf(agent) {
  const found = /(?:Android|Windows NT|Mac OS X|OS) ([\d._]+)/.exec(agent);
  return found?.[1]?.replaceAll('_', '.') ?? 'unknown';
}

/**
 * @param {{ brands?: { brand: string, version: string }[] }|undefined} said
 * @param {string} agent
 */
function browserOf(said, agent) {
  const brand = said?.brands?.find(({ brand: name }) => !/Not.?A.?Brand/i.test(name));
  if (brand) return `${brand.brand} ${brand.version}`;
  const found = /(Firefox|Edg|Chrome|Version)\/([\d.]+)/.exec(agent);
  if (!found) return 'browser';
  return `${found[1] === 'Version' ? 'Safari' : found[1]} ${found[2]}`;
}
