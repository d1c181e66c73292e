/**
 * What to say of a file that cannot be read and that holds a secret. Its path is not repeated: sooner or later somebody
 * puts the secret itself where the path of its file belongs.
 */
export function unreadable(error: unknown): string {
  // Node says the path behind the comma.
  const [reason = ""] = (error as Error).message.split(",");
  return `cannot read the file that it names: ${reason}`;
}
