/** What an act needs to know, as people write it: name=value, several with spaces or commas between; undefined where it is none. */
export function givenOf(text: string): Record<string, string> | undefined {
  const given: Record<string, string> = {};
  for (const part of text.split(/[\s,\uff0c]+/).filter((one) => one !== "")) {
    const at = part.indexOf("=");
    if (at < 1) return undefined;
    given[part.slice(0, at)] = part.slice(at + 1);
  }
  return given;
}
