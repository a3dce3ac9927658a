using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Lab.ApiServer;

/// <summary>A client's certificate and key, both PEM. The key is a secret: never log it.</summary>
public sealed record ClientCredential(string CertificatePem, string KeyPem);

/// <summary>
/// The cluster's certificate authority and what it signs: the server's certificate, client certificates
/// (CN = user, O = groups) and the key that signs ServiceAccount tokens. Files are written 0600 in a 0700 directory.
/// </summary>
public sealed class ClusterPki : IDisposable
{
    private readonly X509Certificate2 _ca;
    private readonly string _directory;

    private ClusterPki(string directory, X509Certificate2 ca, X509Certificate2 server, ECDsa serviceAccountKey, string adminToken)
    {
        _directory = directory;
        _ca = ca;
        ServerCertificate = server;
        ServiceAccountKey = serviceAccountKey;
        AdminToken = adminToken;
        CaPem = ca.ExportCertificatePem() + "\n";
    }

    /// <summary>The authority's certificate, PEM; public.</summary>
    public string CaPem { get; }

    /// <summary>Bearer token of the user <c>kubernetes-admin</c> (group system:masters). A secret.</summary>
    public string AdminToken { get; }

    /// <summary>The authority's certificate for checking peers (no private key).</summary>
    public X509Certificate2 CaCertificate => X509CertificateLoader.LoadCertificate(_ca.RawData);

    internal X509Certificate2 ServerCertificate { get; }

    internal ECDsa ServiceAccountKey { get; }

    /// <summary>Loads the files of <paramref name="directory"/>, making what is missing; the server's certificate is renewed when a name is not in it.</summary>
    /// <param name="directory">Created with mode 0700 when missing.</param>
    /// <param name="names">Host names and addresses clients use, beside the usual in-cluster names, localhost and 127.0.0.1/::1.</param>
    /// <exception cref="CryptographicException">A file is there but not usable.</exception>
    public static ClusterPki LoadOrCreate(string directory, IEnumerable<string> names)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var ca = Load(directory, "ca") ?? Save(directory, "ca", CertificateMaker.Authority("kubernetes"));
        string[] all = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", "::1", .. names];
        var server = Load(directory, "apiserver");
        if (server is null || !Covers(server, all) || server.NotAfter < DateTime.Now.AddDays(30))
        {
            server = Save(directory, "apiserver", CertificateMaker.Server(ca, "kube-apiserver", all.Distinct()));
        }
        return new ClusterPki(directory, ca, server, ServiceKey(directory), Token(directory));
    }

    /// <summary>Signs a client certificate for a user and its groups, valid ten years; nothing is written.</summary>
    public ClientCredential IssueClient(string user, params IEnumerable<string> groups)
    {
        using var certificate = CertificateMaker.Client(_ca, user, groups);
        using var key = certificate.GetECDsaPrivateKey()!;
        return new ClientCredential(certificate.ExportCertificatePem() + "\n", key.ExportECPrivateKeyPem() + "\n");
    }

    /// <summary>The credential of <c>kubernetes-admin</c> in <c>system:masters</c>.</summary>
    public ClientCredential IssueAdmin() => IssueClient("kubernetes-admin", "system:masters");

    /// <summary>The credential of a kubelet: <c>system:node:NAME</c> in <c>system:nodes</c>.</summary>
    public ClientCredential IssueKubelet(string node) => IssueClient($"system:node:{node}", "system:nodes");

    /// <summary>The credential of a control-plane part, e.g. <c>kube-controller-manager</c>: <c>system:NAME</c>.</summary>
    public ClientCredential IssueController(string name) => IssueClient($"system:{name}", "system:masters");

    /// <summary>Writes a kubeconfig (0600) that reaches <paramref name="server"/> as <paramref name="user"/>.</summary>
    /// <param name="path">Replaced atomically.</param>
    /// <param name="context">Name of cluster, user and context, e.g. <c>kind-kind</c>.</param>
    /// <param name="server">URL, e.g. <c>https://127.0.0.1:34567</c>.</param>
    /// <param name="user">From <see cref="IssueAdmin"/> or its siblings.</param>
    public void WriteKubeconfig(string path, string context, string server, ClientCredential user) =>
        PrivateFile.Write(path, Kubeconfig.Render(context, server, CaPem, user));

    /// <summary>Directory the files are in.</summary>
    public string DirectoryPath => _directory;

    public void Dispose()
    {
        _ca.Dispose();
        ServerCertificate.Dispose();
        ServiceAccountKey.Dispose();
    }

    private static X509Certificate2? Load(string directory, string name)
    {
        var certificate = Path.Combine(directory, name + ".crt");
        var key = Path.Combine(directory, name + ".key");
        return File.Exists(certificate) && File.Exists(key) ? X509Certificate2.CreateFromPemFile(certificate, key) : null;
    }

    private static X509Certificate2 Save(string directory, string name, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        PrivateFile.Write(Path.Combine(directory, name + ".key"), key.ExportECPrivateKeyPem() + "\n");
        PrivateFile.Write(Path.Combine(directory, name + ".crt"), certificate.ExportCertificatePem() + "\n");
        return certificate;
    }

    private static ECDsa ServiceKey(string directory)
    {
        var path = Path.Combine(directory, "sa.key");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(path))
        {
            key.ImportFromPem(File.ReadAllText(path));
        }
        else
        {
            PrivateFile.Write(path, key.ExportECPrivateKeyPem() + "\n");
        }
        return key;
    }

    private static string Token(string directory)
    {
        var path = Path.Combine(directory, "admin.token");
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: >= 32 } existing)
        {
            return existing;
        }
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        PrivateFile.Write(path, token + "\n");
        return token;
    }

    private static bool Covers(X509Certificate2 certificate, IEnumerable<string> names)
    {
        var extension = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (extension is null)
        {
            return false;
        }
        var dns = extension.EnumerateDnsNames().ToHashSet();
        var addresses = extension.EnumerateIPAddresses().ToHashSet();
        return names.All(n => IPAddress.TryParse(n, out var ip) ? addresses.Contains(ip) : dns.Contains(n));
    }
}
