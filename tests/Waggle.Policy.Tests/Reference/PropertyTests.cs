using System.Text;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Reference;

/// <summary>The compiled tables against the reference, over random clusters, policies and packets. A failure is printed with its seed, made small.</summary>
public sealed class PropertyTests
{
    private const int Seeds = 60;
    private const int PacketsPerSeed = 250;
    private static readonly byte[] s_protocols = [6, 17, 132, 1, 58, 47];

    public static TheoryData<int> Batches() => [.. Enumerable.Range(0, 8)];

    /// <summary>8 × 60 clusters × 250 packets, each judged with and without the policies on trial.</summary>
    [Theory]
    [MemberData(nameof(Batches))]
    public void CompiledTables_OfRandomClusters_AgreeWithTheReference(int batch)
    {
        for (int seed = batch * Seeds; seed < (batch + 1) * Seeds; seed++)
        {
            MCluster cluster = new Generator(new Random(seed)).Cluster();
            var harness = new Harness();
            harness.Sync(cluster);
            var random = new Random(seed);
            var reference = new ReferenceEvaluator(cluster);
            for (int i = 0; i < PacketsPerSeed && Draw(cluster, harness, random) is { } probe; i++)
            {
                if (Judge(cluster, harness, reference, probe) is { } fault)
                {
                    MCluster small = Shrinker.Shrink(cluster, c => Fails(c, probe) is not null);
                    Assert.Fail($"seed {seed}: {Fails(small, probe) ?? fault}\n{Print(small)}");
                }
            }

            Assert.True(SameRows(harness) is null, $"seed {seed}: {SameRows(harness)}");
        }
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public void Engine_AfterRandomChanges_EqualsAnEngineFromScratch(int batch)
    {
        for (int seed = batch * 20; seed < (batch + 1) * 20; seed++)
        {
            var random = new Random(100_000 + seed);
            var generator = new Generator(random);
            MCluster cluster = generator.Cluster();
            var harness = new Harness();
            harness.Sync(cluster);
            for (int step = 0; step < 12; step++)
            {
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    Change(cluster, generator, random);
                }

                harness.Sync(cluster);
                string? fault = Packets(cluster, harness, random, 40) ?? SameRows(harness);
                Assert.True(fault is null, $"seed {seed}, step {step}: {fault}\n{Print(cluster)}");
            }

            var scratch = new Harness();
            scratch.Sync(cluster);
            foreach (MEndpoint subject in harness.Subjects(cluster))
            {
                foreach (MEndpoint peer in cluster.Endpoints)
                {
                    foreach (bool isIngress in (bool[])[true, false])
                    {
                        byte protocol = s_protocols[random.Next(s_protocols.Length)];
                        ushort port = (ushort)Generator.Ports[random.Next(Generator.Ports.Count)];
                        Assert.Equal(Decisions(scratch, subject, isIngress, peer, protocol, port), Decisions(harness, subject, isIngress, peer, protocol, port));
                    }
                }
            }

            PolicyUsage a = harness.Engine.Usage(), b = scratch.Engine.Usage();
            Assert.Equal((b.Tables, b.Peers, b.Ports, b.Classes, b.Rules, b.Cidrs), (a.Tables, a.Peers, a.Ports, a.Classes, a.Rules, a.Cidrs));
            Assert.Equal((harness.Kernel.Peers, harness.Kernel.Ports), (a.Peers, a.Ports));
        }
    }

    [Fact]
    public void Explanation_OfRandomPackets_AgreesWithTheVerdict()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(300_000 + seed);
            MCluster cluster = new Generator(random).Cluster();
            var harness = new Harness();
            harness.Sync(cluster);
            var explainer = new PolicyExplainer(harness.Engine);
            for (int i = 0; i < 50 && Draw(cluster, harness, random) is { } p; i++)
            {
                uint subject = (uint)p.Subject.Id + 1, peer = harness.IdentityOf(p.Peer), own = harness.IdentityOf(p.Subject);
                Explanation found = p.IsIngress ? explainer.Explain(peer, null, own, subject, p.Protocol, p.Port) : explainer.Explain(own, subject, peer, null, p.Protocol, p.Port);
                Direction direction = p.IsIngress ? Direction.Ingress : Direction.Egress;
                Verdict verdict = harness.Engine.Evaluate(subject, direction, peer, p.Protocol, p.Port);
                Assert.Equal((verdict.Decision.IsAllowed, verdict.Shadow.IsAllowed), (found.IsAllowed, found.IsAllowedWithTrials));
                Assert.Contains(found.Steps, s => s.Direction == direction && s.Decides);

                // What the explanation and the difference of policies are made of says the same as the rows.
                if (harness.Engine.ContentOf(subject, direction, peer) is { } content)
                {
                    byte protocol = p.Protocol == 47 ? (byte)0 : p.Protocol;
                    bool passes = TrafficSet.Of(content).Ranges.Any(r => r.Protocol == protocol && p.Port >= r.First && p.Port <= r.Last);
                    Assert.Equal(content.Evaluate(p.Protocol, p.Port).Decision.IsAllowed, passes);
                }
            }
        }
    }

    [Fact]
    public void Change_WhileItIsCarriedOut_NeverShowsAThirdVerdict()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(200_000 + seed);
            var generator = new Generator(random);
            MCluster cluster = generator.Cluster();
            var harness = new Harness();
            harness.Sync(cluster);
            Packet[] probes = [.. Enumerable.Range(0, 60).Select(_ => Draw(cluster, harness, random)).OfType<Packet>()];
            for (int step = 0; step < 6; step++)
            {
                Change(cluster, generator, random, onlyPolicies: true);
                HashSet<uint>[] seen = [.. probes.Select(_ => new HashSet<uint>())];
                Look();
                uint[] before = [.. seen.Select(s => s.Single())];
                uint[] identities = [.. probes.Select(p => harness.IdentityOf(p.Peer))];
                harness.Sync(cluster, Look);
                for (int i = 0; i < probes.Length; i++)
                {
                    if (harness.IdentityOf(probes[i].Peer) != identities[i])
                    {
                        // A prefix came or went. The agent moves addresses to another identity when the tables know it: not part of this.
                        continue;
                    }

                    uint after = Allowed(probes[i]);
                    Assert.True(seen[i].All(s => s == before[i] || s == after), $"seed {seed}, step {step}, probe {i}");
                }

                void Look()
                {
                    for (int i = 0; i < probes.Length; i++)
                    {
                        seen[i].Add(Allowed(probes[i]));
                    }
                }
            }

            uint Allowed(Packet p) =>
                harness.Kernel.Evaluate((uint)p.Subject.Id + 1, p.IsIngress ? Direction.Ingress : Direction.Egress, harness.IdentityOf(p.Peer), p.Protocol, p.Port).Decision.IsAllowed ? 1u : 0u;
        }
    }

    /// <summary>The fault of one packet in a cluster of its own; null when there is none, or when one of the two ends is missing.</summary>
    private static string? Fails(MCluster cluster, Packet packet)
    {
        if (!cluster.Endpoints.Contains(packet.Subject) || !cluster.Endpoints.Contains(packet.Peer))
        {
            return null;
        }

        var harness = new Harness();
        harness.Sync(cluster);
        return Judge(cluster, harness, new ReferenceEvaluator(cluster), packet);
    }

    private static string? Judge(MCluster cluster, Harness harness, ReferenceEvaluator reference, Packet p) =>
        harness.Compare(cluster, reference, p.Subject, p.IsIngress, p.Peer, p.Protocol, p.Port);

    private static string? Packets(MCluster cluster, Harness harness, Random random, int count)
    {
        var reference = new ReferenceEvaluator(cluster);
        for (int i = 0; i < count; i++)
        {
            if (Draw(cluster, harness, random) is not { } packet)
            {
                return null;
            }

            if (Judge(cluster, harness, reference, packet) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static Packet? Draw(MCluster cluster, Harness harness, Random random)
    {
        List<MEndpoint> subjects = [.. harness.Subjects(cluster)];
        if (subjects.Count == 0)
        {
            return null;
        }

        MEndpoint subject = subjects[random.Next(subjects.Count)], peer = cluster.Endpoints[random.Next(cluster.Endpoints.Count)];
        byte protocol = s_protocols[random.Next(4) == 0 ? random.Next(s_protocols.Length) : 0];
        int port = protocol == 47 ? 0 : protocol is 1 or 58 ? new[] { 0, 1, 3, 8, 128, 129, 255 }[random.Next(7)]
            : random.Next(4) == 0 && subject.Ports.Concat(peer.Ports).ToList() is { Count: > 0 } named ? named[random.Next(named.Count)].Port
            : Math.Clamp(Generator.Ports[random.Next(Generator.Ports.Count)] + random.Next(-1, 2), 0, 65535);
        return new Packet(subject, random.Next(2) == 0, peer, protocol, (ushort)port);
    }

    /// <summary>The kernel holds what the engine believes it holds.</summary>
    private static string? SameRows(Harness harness)
    {
        PolicyUsage usage = harness.Engine.Usage();
        return (usage.Peers, usage.Ports) == (harness.Kernel.Peers, harness.Kernel.Ports)
            ? null : $"the engine counts {usage.Peers} peers and {usage.Ports} ports, the kernel holds {harness.Kernel.Peers} and {harness.Kernel.Ports}";
    }

    private static (Decision, Decision) Decisions(Harness harness, MEndpoint subject, bool isIngress, MEndpoint peer, byte protocol, ushort port)
    {
        Verdict verdict = harness.Kernel.Evaluate((uint)subject.Id + 1, isIngress ? Direction.Ingress : Direction.Egress, harness.IdentityOf(peer), protocol, port);
        return (verdict.Decision, verdict.Shadow);
    }

    private static void Change(MCluster cluster, Generator generator, Random random, bool onlyPolicies = false)
    {
        switch (onlyPolicies ? random.Next(3) : random.Next(10))
        {
            case 0:
                cluster.Policies.Add(generator.Policy());
                break;
            case 1 when cluster.Policies.Count > 0:
                cluster.Policies.RemoveAt(random.Next(cluster.Policies.Count));
                break;
            case 2 when cluster.Policies.Count > 0:
                int edited = random.Next(cluster.Policies.Count);
                cluster.Policies[edited] = generator.Policy(cluster.Policies[edited].Name);
                break;
            case 3:
                cluster.Endpoints.Add(generator.Pod(cluster.Endpoints.Max(e => e.Id) + 1));
                break;
            case 4 when cluster.Endpoints.Count(e => e.What == MWhat.Pod) > 1:
                cluster.Endpoints.Remove(cluster.Endpoints.Last(e => e.What == MWhat.Pod));
                break;
            case 5:
                int index = cluster.Endpoints.FindIndex(e => e.What == MWhat.Pod);
                cluster.Endpoints[index] = generator.Pod(cluster.Endpoints[index].Id);
                break;
            case 6:
                cluster.Namespaces["b"] = new Dictionary<string, string> { ["team"] = random.Next(2) == 0 ? "x" : "y" };
                break;
            case 7:
                cluster.Groups["office"] = generator.Cidrs();
                break;
            case 8:
                cluster.Services.RemoveAll(s => s.Name == "svc1");
                cluster.Services.Add(generator.Service(1));
                break;
            case 9:
                cluster.Mode = random.Next(6) switch { 0 => "always", 1 => "never", _ => "default" };
                break;
            default:
                break;
        }
    }

    private static string Print(MCluster cluster)
    {
        var text = new StringBuilder($"mode {cluster.Mode}\n");
        foreach (MEndpoint e in cluster.Endpoints)
        {
            text.AppendLine($"{e.Id} {e.What} {e.Namespace} {e.Address} {string.Join(',', e.Labels)} {string.Join(',', e.Ports)}");
        }

        foreach ((string name, List<string> cidrs) in cluster.Groups)
        {
            text.AppendLine($"group {name}: {string.Join(',', cidrs)}");
        }

        foreach (MClusterService s in cluster.Services)
        {
            text.AppendLine($"service {s} {string.Join(',', s.Labels)} {string.Join(',', s.Selector ?? [])} {string.Join(',', s.Backends)}");
        }

        foreach (MPolicy p in cluster.Policies)
        {
            text.AppendLine($"{p.Kind} {Manifest.Of(p)}");
        }

        return text.ToString();
    }

    private sealed record Packet(MEndpoint Subject, bool IsIngress, MEndpoint Peer, byte Protocol, ushort Port);
}
