const HEAD = `# Made of deploy/prometheus/rules.yaml by tools/generate-dashboards.ts.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: granary
  labels:
    app.kubernetes.io/name: granary
    app.kubernetes.io/component: monitoring
spec:
`;

/** The rules of a plain rule file as an object of the Prometheus operator. Comments stay where they are. */
export function prometheusRule(rules: string): string {
  const lines = rules.split("\n");
  const begin = lines.indexOf("groups:");
  if (begin < 0) throw new Error("the rule file has no line `groups:`");
  const body = lines.slice(begin).map((line) => (line === "" ? "" : `  ${line}`));
  return `${HEAD}${body.join("\n")}`;
}
