using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Kube.Resources;
using Waggle.Operator.HubbleCertificates;
using Waggle.Tests.Shared;

namespace Waggle.Operator.Tests.HubbleCertificates;

/// <summary>Years of certificates, moved by hand.</summary>
public sealed class CertificatePassTests
{
    private const string Ca = "cilium-ca", Server = "hubble-server-certs", Relay = "hubble-relay-client-certs";

    private static readonly CertificateOptions Options = new()
    {
        ServerValidity = TimeSpan.FromDays(20), ClientValidity = TimeSpan.FromDays(15), AuthorityValidity = TimeSpan.FromDays(60), Overlap = TimeSpan.FromDays(3),
    };

    /// <summary>How long kubelet and a reader may take to learn what was written: less than the overlap.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromHours(60);

    private readonly ManualTime _time = new();
    private readonly MemorySecrets _secrets = new();
    private readonly List<(DateTimeOffset Until, Holder Server, Holder Relay)> _past = [];
    private int _checked;

    [Fact]
    public async Task Pass_OnAnEmptyCluster_MakesThreeSecrets_AndThenNothing()
    {
        PassReport report = await PassAsync();
        Assert.Equal([Ca, Relay, Server], _secrets.Now.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["*.default.hubble-grpc.cilium.io"], Names(Certificate(Server)));
        Assert.True(Certificate(Server).MatchesHostname("node-1.default.hubble-grpc.cilium.io"));
        Assert.Equal(_time.GetUtcNow() + Options.ServerValidity, report.Ends.Single(e => e.Secret == Server).NotAfter);
        await PassAsync();
        Assert.Equal(3, _secrets.Writes);
    }

    [Fact]
    public async Task Certificates_AreMadeAnew_AtTheirPoint_AndNotBefore()
    {
        await PassAsync();
        string first = Certificate(Relay).Thumbprint, server = Certificate(Server).Thumbprint;
        TimeSpan life = Options.ClientValidity + TimeSpan.FromHours(1); // it begins an hour before it is made
        _time.Advance((life * 0.66) - TimeSpan.FromHours(1) - TimeSpan.FromMinutes(1));
        await PassAsync();
        Assert.Equal(first, Certificate(Relay).Thumbprint);
        _time.Advance(TimeSpan.FromMinutes(2));
        await PassAsync();
        Assert.NotEqual(first, Certificate(Relay).Thumbprint);
        Assert.Equal(server, Certificate(Server).Thumbprint);
    }

    [Fact]
    public async Task Authority_IsReplacedInSteps_AndNobodyDistrustsAnybody()
    {
        _secrets.Written = Check;
        string[] seen = await LiveAsync(TimeSpan.FromDays(3 * 60));
        Assert.True(_checked > 20);

        // First nothing else, then the successor beside it, then the same as the authority: twice and more in that time.
        Assert.True(seen.Length >= 5, string.Join(' ', seen));
        Assert.All(seen.Where((_, i) => i % 2 == 0), s => Assert.DoesNotContain("+", s, StringComparison.Ordinal));
        Assert.All(seen.Where((_, i) => i % 2 == 1), s => Assert.Contains("+", s, StringComparison.Ordinal));
        for (int i = 0; i + 2 < seen.Length; i += 2)
        {
            Assert.Equal($"{seen[i]}+{seen[i + 2]}", seen[i + 1]);
        }

        Assert.Single(Holder(Server).Authorities);
        Assert.Equal(Certificate(Ca, "ca.crt").Thumbprint, Holder(Server).Authorities[0].Thumbprint);
    }

    [Fact]
    public async Task Successor_SignsOnlyAfterTheOverlap_AndTheOldOneIsTrustedForAnother()
    {
        await PassAsync();
        string old = Certificate(Ca, "ca.crt").Thumbprint;
        await UntilAsync(() => _secrets.Now[Ca].Data.ContainsKey("ca-next.crt"));
        DateTimeOffset made = _time.GetUtcNow();
        await PassAsync();
        Assert.Equal(2, Holder(Server).Authorities.Count);
        Assert.Equal(2, Holder(Relay).Authorities.Count);
        _time.Advance(Options.Overlap - TimeSpan.FromMinutes(1));
        await PassAsync();
        Assert.Equal(old, Certificate(Ca, "ca.crt").Thumbprint);
        await UntilAsync(() => Certificate(Ca, "ca.crt").Thumbprint != old);
        Assert.True(_time.GetUtcNow() >= made + Options.Overlap);
        await PassAsync();
        Assert.True(Trusts(Certificate(Ca, "ca.crt"), Certificate(Server)) && Trusts(Certificate(Ca, "ca.crt"), Certificate(Relay)));
        DateTimeOffset signed = _time.GetUtcNow();
        Assert.Contains(old, Holder(Server).Authorities.Select(a => a.Thumbprint));
        await UntilAsync(() => !Holder(Server).Authorities.Select(a => a.Thumbprint).Contains(old) && !Holder(Relay).Authorities.Select(a => a.Thumbprint).Contains(old));
        Assert.True(_time.GetUtcNow() >= signed + Options.Overlap - TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Operator_KilledAtAnyWrite_LeavesPeersThatTrustEachOther(bool after)
    {
        await LiveAsync(TimeSpan.FromDays(50));
        int all = _secrets.Writes;
        Assert.True(all > 10);
        for (int kill = 1; kill <= all; kill++)
        {
            var life = new CertificatePassTests();
            life._secrets.Written = life.Check;
            (life._secrets.KillAt, life._secrets.KillAfter) = (kill, after);
            await life.LiveAsync(TimeSpan.FromDays(50));
            Assert.Equal(0, life._secrets.KillAt);
            Assert.True(life._checked > 4);
            Assert.True(life.Holder(Server).Trusts(life.Holder(Relay), life._time.GetUtcNow()));
            Assert.False(life._secrets.Now[Ca].Data.ContainsKey("ca-next.crt"));
            Assert.NotEqual(new DateTime(2026, 1, 1), life.Certificate(Ca, "ca.crt").NotBefore.Date);
        }
    }

    [Fact]
    public async Task Operator_AwayUntilShortlyBeforeTheEnd_ReplacesInTime()
    {
        await PassAsync();
        _time.Advance(Options.AuthorityValidity - TimeSpan.FromHours(40)); // less than the overlap is left
        string old = Certificate(Ca, "ca.crt").Thumbprint;
        await LiveAsync(TimeSpan.FromHours(35), TimeSpan.FromMinutes(30));
        Assert.NotEqual(old, Certificate(Ca, "ca.crt").Thumbprint);
        Assert.True(Trusts(Certificate(Ca, "ca.crt"), Certificate(Server)));
    }

    [Fact]
    public async Task Operator_AwayPastTheEnd_BeginsAnew()
    {
        await PassAsync();
        _time.Advance(Options.AuthorityValidity + TimeSpan.FromDays(1));
        await PassAsync();
        Assert.True(Holder(Server).Trusts(Holder(Relay), _time.GetUtcNow()) && Holder(Relay).Trusts(Holder(Server), _time.GetUtcNow()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AuthorityOfSomebodyElse_Signs_IsNeverReplaced_AndItsEndIsTold(bool rsa)
    {
        Secret brought = Brought("Somebody's CA", rsa, TimeSpan.FromDays(60));
        _secrets.Put(brought);
        PassReport report = await PassAsync();
        Assert.Null(report.Warning);
        Assert.True(Holder(Server).Trusts(Holder(Relay), _time.GetUtcNow()));
        await LiveAsync(TimeSpan.FromDays(50));
        report = await PassAsync();
        Assert.Contains("cilium-ca", report.Warning, StringComparison.Ordinal);
        await LiveAsync(TimeSpan.FromDays(20));
        Assert.Contains("ended", (await PassAsync()).Warning, StringComparison.Ordinal);
        Assert.Equal(brought.Data, _secrets.Now[Ca].Data);
        Assert.Equal(_time.GetUtcNow().AddDays(-10), report.Ends.Single(e => e.Secret == Ca).NotAfter, TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Authority_ThatSomebodyPutsInItsPlace_IsTrustedBeforeItSigns()
    {
        await PassAsync();
        _secrets.Written = Check;
        Remember();
        string old = Certificate(Ca, "ca.crt").Thumbprint;
        Secret brought = Brought("Somebody's CA", rsa: true, TimeSpan.FromDays(3000));
        _secrets.Put(brought with { Metadata = _secrets.Now[Ca].Metadata });
        await PassAsync();
        await PassAsync();
        Assert.Equal(2, Holder(Server).Authorities.Count);
        Assert.True(Trusts(X509Certificate2.CreateFromPem(Holder(Server).Authorities.Single(a => a.Thumbprint == old).ExportCertificatePem()), Certificate(Server)));
        await LiveAsync(TimeSpan.FromDays(8));
        Assert.True(Trusts(Certificate(Ca, "ca.crt"), Certificate(Server)) && Trusts(Certificate(Ca, "ca.crt"), Certificate(Relay)));
        Assert.Single(Holder(Relay).Authorities);
        Assert.Equal(brought.Data, _secrets.Now[Ca].Data);
    }

    [Fact]
    public async Task Certificate_OfSomebodyElse_IsLeftAlone()
    {
        Secret brought = Brought("Another CA", rsa: false, TimeSpan.FromDays(10));
        var certificate = new Secret { Metadata = new ObjectMeta { Name = Server }, Type = "kubernetes.io/tls", Data = new Dictionary<string, string> { ["ca.crt"] = brought.Data["ca.crt"], ["tls.crt"] = brought.Data["ca.crt"], ["tls.key"] = brought.Data["ca.key"] } };
        _secrets.Put(certificate);
        await LiveAsync(TimeSpan.FromDays(20));
        Assert.Equal(certificate.Data, _secrets.Now[Server].Data);
        Assert.True(_secrets.Now.ContainsKey(Relay));
    }

    [Fact]
    public async Task Secrets_ThatMakeNoSense_AreToldOrMadeAnew()
    {
        await PassAsync();
        Secret Garbage(string name) => _secrets.Now[name] with { Data = new Dictionary<string, string> { ["ca.crt"] = "AAAA", ["tls.crt"] = "AAAA", ["tls.key"] = "AAAA" } };
        _secrets.Put(Garbage(Server));
        await PassAsync();
        Assert.True(Holder(Relay).Trusts(Holder(Server), _time.GetUtcNow()));
        _secrets.Put(Garbage(Ca));
        FormatException e = await Assert.ThrowsAsync<FormatException>(PassAsync);
        Assert.Contains("cilium-ca", e.Message, StringComparison.Ordinal);
        Assert.Equal("AAAA", _secrets.Now[Ca].Data["ca.crt"]);
    }

    [Fact]
    public async Task AuthorityWithoutItsKey_IsTrusted_AndSignsNothing()
    {
        Secret brought = Brought("Offline CA", rsa: false, TimeSpan.FromDays(300));
        _secrets.Put(brought with { Data = new Dictionary<string, string> { ["ca.crt"] = brought.Data["ca.crt"] } });
        await PassAsync();
        Assert.Equal([Ca], _secrets.Now.Keys);
    }

    private static Secret Brought(string name, bool rsa, TimeSpan life)
    {
        DateTimeOffset now = new ManualTime().GetUtcNow();
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsaKey = RSA.Create(2048);
        CertificateRequest request = rsa ? new($"CN={name}", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new($"CN={name}", ec, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now + life);
        string key = rsa ? rsaKey.ExportRSAPrivateKeyPem() : ec.ExportECPrivateKeyPem();
        return new Secret { Metadata = new ObjectMeta { Name = Ca }, Type = "Opaque", Data = new Dictionary<string, string> { ["ca.crt"] = Base64(made.ExportCertificatePem()), ["ca.key"] = Base64(key) } };
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string[] Names(X509Certificate2 certificate) => [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames()];

    private bool Trusts(X509Certificate2 authority, X509Certificate2 certificate) =>
        new Holder(new Secret { Data = new Dictionary<string, string> { ["ca.crt"] = Base64(authority.ExportCertificatePem()) } })
            .Trusts(new Holder(new Secret { Data = new Dictionary<string, string> { ["tls.crt"] = Base64(certificate.ExportCertificatePem()) } }), _time.GetUtcNow());

    private Holder Holder(string name) => new(_secrets.Now[name]);

    private X509Certificate2 Certificate(string name, string key = "tls.crt") => X509Certificate2.CreateFromPem(Holder(name).Text(key));

    private Task<PassReport> PassAsync() => new CertificatePass(_secrets, Options, _time, NullLogger.Instance).RunAsync(TestContext.Current.CancellationToken);

    /// <summary>Operators come and go: each pass is one of a new operator, killed where the test wants; the states of the authority, in order.</summary>
    private async Task<string[]> LiveAsync(TimeSpan span, TimeSpan? step = null)
    {
        List<string> states = [];
        for (DateTimeOffset end = _time.GetUtcNow() + span; _time.GetUtcNow() < end; _time.Advance(step ?? TimeSpan.FromHours(24)))
        {
            try
            {
                await PassAsync();
            }
            catch (KilledException)
            {
            }

            if (_secrets.Now.ContainsKey(Ca))
            {
                string next = _secrets.Now[Ca].Data.ContainsKey("ca-next.crt") ? "+" + Certificate(Ca, "ca-next.crt").Thumbprint : "";
                string state = Certificate(Ca, "ca.crt").Thumbprint + next;
                if (states.LastOrDefault() != state)
                {
                    states.Add(state);
                }
            }
        }

        return [.. states];
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        for (int steps = 0; !condition(); steps++)
        {
            Assert.True(steps < 2 * 365, "did not happen within a year");
            _time.Advance(TimeSpan.FromHours(12));
            await PassAsync();
        }
    }

    private void Remember()
    {
        if (_secrets.Now.ContainsKey(Server) && _secrets.Now.ContainsKey(Relay))
        {
            _past.Add((DateTimeOffset.MaxValue, Holder(Server), Holder(Relay)));
        }
    }

    /// <summary>Whatever versions an agent and a relay hold that were in force not longer ago than they may lag, they trust each other.</summary>
    private void Check()
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (_past.Count > 0)
        {
            _past[^1] = _past[^1] with { Until = now };
        }

        Remember();
        _past.RemoveAll(p => p.Until < now - Lag);
        foreach ((_, Holder server, _) in _past)
        {
            foreach ((_, _, Holder relay) in _past)
            {
                Assert.True(server.Trusts(relay, now) && relay.Trusts(server, now), $"distrust at {now:u}, write {_secrets.Writes}");
                _checked++;
            }
        }
    }
}
