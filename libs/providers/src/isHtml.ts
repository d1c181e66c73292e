/** Whether an answer is a page, as a proxy or a website sends it, and so nothing that a provider's API said. */
export function isHtml(headers: Headers | undefined): boolean {
  return /^text\/html\b/i.test(headers?.get("content-type") ?? "");
}
