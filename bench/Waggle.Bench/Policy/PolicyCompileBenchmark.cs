using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Bench.Policy;

/// <summary>What policies cost before a packet is there: rows in the kernel's maps, and the time until they are known.</summary>
public sealed class PolicyCompileBenchmark : IBenchmark
{
    // Key and value of a row of either map.
    private const int RowBytes = 24;
    private const int Endpoints = 100;

    public string Name => "policycompile";

    public string Description => "rows of compiled policy, and the time to compile it: from scratch, one identity, one policy";

    public Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        List<Comparison> results = [.. Rows(1, context), .. Rows(10, context)];
        results.Add(NewIdentity(context, cancellation));
        results.AddRange(Scratch(context, cancellation));
        return Task.FromResult<IReadOnlyList<Comparison>>(results);
    }

    /// <summary>One policy of 200 port rules for 100 endpoints of 20 identities, 50,000 peers in so many groups with their own ports.</summary>
    private static IEnumerable<Comparison> Rows(int groups, BenchmarkContext context)
    {
        const int peers = 50_000, rules = 200;
        var engine = new PolicyEngine(new PolicyEngineOptions());
        for (int i = 0; i < peers; i++)
        {
            engine.UpsertIdentity((uint)(10_000 + i), Pod($"group=g{i % groups}", $"n=i{i}"));
        }

        for (int i = 0; i < 20; i++)
        {
            engine.UpsertSubject((uint)i + 1, new SubjectSpec { Identity = (uint)(1000 + i), Labels = Pod("app=server", $"shard=s{i}") });
        }

        var text = new System.Text.StringBuilder();
        for (int i = 0; i < rules; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"fromEndpoints":[{"matchLabels":{"group":"g{{{i % groups}}}"}}],"toPorts":[{"ports":[{"port":"{{{1000 + 7 * i}}}","protocol":"TCP"}]}]}
                """);
        }

        engine.UpsertPolicy(PolicyParser.Parse(PolicyKind.CiliumNetworkPolicy, JsonDocument.Parse($$$"""
            {"metadata":{"name":"p","namespace":"n"},"spec":{"endpointSelector":{"matchLabels":{"app":"server"}},"ingress":[{{{text}}}]}}
            """).RootElement));
        ChangeSet change = engine.Commit();
        long rows = change.NewTables.Sum(t => (long)t.Peers.Count + t.Ports.Count), flat = (long)peers * (rules / groups) * Endpoints;
        context.Progress.WriteLine(FormattableString.Invariant($"  {groups} groups: {rows} rows ({rows * RowBytes / 1024} KiB), flat {flat} ({flat * RowBytes / 1024 / 1024} MiB)"));
        string what = string.Create(CultureInfo.InvariantCulture, $"50,000 identities in {groups} group{(groups == 1 ? "" : "s")} × 200 port rules, 100 endpoints of 20 identities");
        yield return new Comparison($"rows, {what}: flat rows per row of ours", "rows", new Measurement("flat, per endpoint (identity, port)", [flat]), new Measurement("classes", [rows]), Goal.AtLeast(50));
        yield return new Comparison($"bytes of keys and values, {what}", "bytes", new Measurement("classes", [rows * RowBytes]), new Measurement("flat", [flat * RowBytes]), Goal.Stated);
    }

    private static Comparison NewIdentity(BenchmarkContext context, CancellationToken cancellation)
    {
        var cluster = new SyntheticCluster(1000, 2000);
        PolicyEngine engine = cluster.Engine(Endpoints);
        engine.Commit();
        List<double> times = [];
        for (int i = 0; i < 100 * context.Rounds; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            engine.UpsertIdentity((uint)(100_000 + i), cluster.Labels(i));
            times.Add(Time(engine).Milliseconds);
        }

        times.Sort();
        double p99 = times[times.Count * 99 / 100];
        return new Comparison("one new identity, 1,000 policies, 100 subjects: until the rows are known, p99", "ms", new Measurement("compile", [p99]), null, Goal.AtMost(20));
    }

    private static IEnumerable<Comparison> Scratch(BenchmarkContext context, CancellationToken cancellation)
    {
        SyntheticCluster large = new(10_000, 20_000), small = new(500, 1000);
        List<double> whole = [], oneLarge = [], oneSmall = [];
        for (int round = 0; round < context.Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            PolicyEngine engine = large.Engine(Endpoints);
            (_, int rows) = Time(engine);
            whole.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            PolicyEngine little = small.Engine(Endpoints);
            little.Commit();
            oneLarge.Add(OnePolicy(large, engine));
            oneSmall.Add(OnePolicy(small, little));
            context.Progress.WriteLine(FormattableString.Invariant($"  round {round + 1}/{context.Rounds}: scratch {whole[^1]:f0} ms ({rows} rows), one policy {oneLarge[^1]:f2} ms, in a small cluster {oneSmall[^1]:f2} ms"));
        }

        yield return new Comparison("10,000 policies × 20,000 identities from scratch, 100 subjects", "ms", new Measurement("compile", whole), null, Goal.Stated);
        yield return new Comparison("one changed policy, among 10,000 × 20,000", "ms", new Measurement("large", oneLarge), new Measurement("among 500 × 1,000", oneSmall), Goal.AtMost(3));
    }

    /// <summary>The median of some changes of a policy that a subject has.</summary>
    private static double OnePolicy(SyntheticCluster cluster, PolicyEngine engine)
    {
        List<double> times = [];
        for (int i = 0; i < 51; i++)
        {
            engine.UpsertPolicy(cluster.Policy(0, 100 + i));
            times.Add(Time(engine).Milliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static (double Milliseconds, int Rows) Time(PolicyEngine engine)
    {
        long start = Stopwatch.GetTimestamp();
        ChangeSet change = engine.Commit();
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, change.NewTables.Sum(t => t.Peers.Count + t.Ports.Count));
    }

    private static LabelSet Pod(params string[] labels) => LabelSet.Parse([.. labels.Select(l => "k8s:" + l), "k8s:io.kubernetes.pod.namespace=n"]);
}
