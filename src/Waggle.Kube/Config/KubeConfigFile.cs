using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Waggle.Kube.Config;

/// <summary>One or several merged kubeconfig files; the first file that names a context, cluster or user wins.</summary>
public sealed class KubeConfigFile
{
    private readonly List<Entry> _clusters = [];
    private readonly List<Entry> _users = [];
    private readonly List<Entry> _contexts = [];

    private KubeConfigFile()
    {
    }

    /// <summary>The context used when none is chosen.</summary>
    public string? CurrentContext { get; private set; }

    /// <summary>Names of all contexts, in file order.</summary>
    public IReadOnlyList<string> Contexts => [.. _contexts.Select(c => c.Name)];

    /// <summary>Reads and merges files; missing ones are skipped when another exists, as kubectl does.</summary>
    /// <exception cref="KubeConfigException">No file exists, or one is not a kubeconfig.</exception>
    public static KubeConfigFile Load(IReadOnlyList<string> paths)
    {
        var result = new KubeConfigFile();
        var found = false;
        foreach (var path in paths)
        {
            if (!File.Exists(path))
            {
                continue;
            }

            found = true;
            try
            {
                result.Merge(Path.GetFullPath(path), File.ReadAllText(path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or YamlException or InvalidCastException)
            {
                throw new KubeConfigException($"{path} is not a usable kubeconfig: {e.Message}", e);
            }
        }

        return found ? result : throw new KubeConfigException($"No kubeconfig at {string.Join(", ", paths)}.");
    }

    /// <summary>The connection that a context describes.</summary>
    /// <exception cref="KubeConfigException">The context, its cluster or its user is missing or unusable.</exception>
    public KubeConfig Resolve(string? contextName = null)
    {
        var name = contextName ?? CurrentContext;
        if (string.IsNullOrEmpty(name))
        {
            throw new KubeConfigException($"The kubeconfig has no current-context; choose one of: {string.Join(", ", Contexts)}.");
        }

        var context = Find(_contexts, name, "context");
        var cluster = Find(_clusters, context.Text("cluster") ?? "", "cluster");
        var userName = context.Text("user");
        var user = string.IsNullOrEmpty(userName) ? null : Find(_users, userName, "user");
        var server = cluster.Text("server");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            throw new KubeConfigException($"Cluster '{cluster.Name}': server '{server}' is not an http(s) address.");
        }

        if (user?.Has("exec") == true || user?.Has("auth-provider") == true)
        {
            throw new KubeConfigException($"User '{user.Name}' gets its credentials from a plug-in (exec or auth-provider), which is not supported. Use a token or a client certificate.");
        }

        return new KubeConfig
        {
            Server = uri,
            Context = name,
            Namespace = context.Text("namespace") ?? "default",
            InsecureSkipTlsVerify = cluster.Text("insecure-skip-tls-verify") == "true",
            TlsServerName = cluster.Text("tls-server-name"),
            CertificateAuthorities = Authorities(cluster),
            ClientCertificate = user is null ? null : ClientCertificate(user),
            Token = user is null ? null : Token(user),
        };
    }

    private static ITokenSource? Token(Entry user)
    {
        // kubectl lets the file win when both are given.
        if (user.FilePath("tokenFile") is { } file)
        {
            return new FileToken(file, TimeProvider.System);
        }

        return user.Text("token") is { Length: > 0 } token ? new StaticToken(token) : null;
    }

    private static X509Certificate2Collection? Authorities(Entry cluster)
    {
        if (cluster.Pem("certificate-authority") is not { } pem)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubeConfigException($"Cluster '{cluster.Name}': certificate-authority is not a PEM certificate: {e.Message}", e);
        }

        return authorities;
    }

    private static X509Certificate2? ClientCertificate(Entry user)
    {
        var certificate = user.Pem("client-certificate");
        var key = user.Pem("client-key");
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is null || key is null)
        {
            throw new KubeConfigException($"User '{user.Name}' needs both client-certificate and client-key.");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new KubeConfigException($"User '{user.Name}': client-certificate and client-key cannot be used: {e.Message}", e);
        }
    }

    private static Entry Find(List<Entry> entries, string name, string what) =>
        entries.FirstOrDefault(e => e.Name == name)
        ?? throw new KubeConfigException($"The kubeconfig has no {what} '{name}'. It has: {string.Join(", ", entries.Select(e => e.Name))}.");

    private void Merge(string path, string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        if (stream.Documents.Count == 0)
        {
            return;
        }

        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        CurrentContext ??= root.Children.TryGetValue("current-context", out var current) && current is YamlScalarNode { Value: { Length: > 0 } text } ? text : null;
        var directory = Path.GetDirectoryName(path)!;
        Add(_clusters, root, "clusters", "cluster", directory);
        Add(_users, root, "users", "user", directory);
        Add(_contexts, root, "contexts", "context", directory);
    }

    private static void Add(List<Entry> target, YamlMappingNode root, string list, string inner, string directory)
    {
        if (!root.Children.TryGetValue(list, out var node) || node is not YamlSequenceNode items)
        {
            return;
        }

        foreach (var item in items.Children.OfType<YamlMappingNode>())
        {
            if (item.Children.TryGetValue("name", out var name) && name is YamlScalarNode { Value: { } text } && target.All(e => e.Name != text))
            {
                target.Add(new(text, item.Children.TryGetValue(inner, out var body) ? body as YamlMappingNode : null, directory));
            }
        }
    }

    private sealed record Entry(string Name, YamlMappingNode? Body, string Directory)
    {
        internal bool Has(string key) => Body?.Children.ContainsKey(key) == true;

        internal string? Text(string key) => Body is not null && Body.Children.TryGetValue(key, out var node) ? (node as YamlScalarNode)?.Value : null;

        /// <summary>A path in a kubeconfig is relative to the file it stands in.</summary>
        internal string? FilePath(string key) => Text(key) is { Length: > 0 } path ? Path.Combine(Directory, path) : null;

        internal string? Pem(string key)
        {
            try
            {
                if (Text($"{key}-data") is { Length: > 0 } data)
                {
                    return Encoding.UTF8.GetString(Convert.FromBase64String(data));
                }

                return FilePath(key) is { } path ? File.ReadAllText(path) : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                throw new KubeConfigException($"'{Name}': cannot read {key}: {e.Message}", e);
            }
        }
    }
}
