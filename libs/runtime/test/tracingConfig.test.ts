import { expect, test } from "vitest";
import { redacted } from "../src/config/granaryConfig.ts";
import { secretsOf } from "../src/config/secretsOf.ts";
import { faultsOf, read } from "./readWith.ts";

const ENDPOINT = "http://collector:4318";
const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("an endpoint is enough: its traces have a path of their own, and the usual sampler", () => {
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: `${ENDPOINT}/` }).tracing).toEqual({
    url: `${ENDPOINT}/v1/traces`,
    headers: {},
    serviceName: null,
    sampler: "parentbased_always_on",
    ratio: 1,
  });
  expect(
    read({ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://t/x" }).tracing
      ?.url,
  ).toBe("https://t/x");
});

test("without an endpoint, or where OpenTelemetry is switched off, there are no traces", () => {
  expect(read({ OTEL_SERVICE_NAME: "mine" }).tracing).toBeNull();
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }).tracing).toBeNull();
});

test("headers are secrets, their values percent-encoded, and those of traces win", () => {
  const config = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20YTpi, x-team=one",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-team=two",
  });
  const headers = Object.entries(config.tracing?.headers ?? {}).map(([name, value]) => [
    name,
    value.reveal(),
  ]);
  expect(headers).toEqual([
    ["authorization", "Basic YTpi"],
    ["x-team", "two"],
  ]);
  expect(secretsOf(config).map((secret) => secret.reveal())).toContain("Basic YTpi");
  expect(JSON.stringify(redacted(config))).not.toContain("YTpi");
});

test("all faults are told at once, with their places and without the values", () => {
  const faults = faultsOf(() =>
    read({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:plantedPassword@collector",
      OTEL_EXPORTER_OTLP_HEADERS: "plantedToken",
      OTEL_TRACES_SAMPLER: "sometimes",
      OTEL_TRACES_SAMPLER_ARG: "2",
    }),
  );
  expect(JSON.stringify(faults)).not.toContain("planted");
  expect(faults.map(({ path }) => path).toSorted()).toEqual([
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
  ]);
  const alone = { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_TRACES_SAMPLER_ARG: "0.1" };
  expect(faultsOf(() => read(alone)).map(({ path }) => path)).toEqual(["OTEL_TRACES_SAMPLER_ARG"]);
});

test("a command reads the trace it was started in, and nobody else does", () => {
  expect(read({ TRACEPARENT: TRACE }, { reader: "cli" }).traceparent).toBe(TRACE);
  expect(read({ TRACEPARENT: "none" }, { reader: "cli" }).traceparent).toBeNull();
  expect(read({ TRACEPARENT: TRACE }).traceparent).toBeNull();
});
