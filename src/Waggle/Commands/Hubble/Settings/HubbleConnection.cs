using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waggle.Cli;
using Waggle.Commands.Cluster;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Commands.Hubble.Settings;

/// <summary>Opens the channel that the settings describe.</summary>
internal static class HubbleConnection
{
    /// <exception cref="CliException">An address or a file cannot be used.</exception>
    public static RpcChannel Open(HubbleSettings settings)
    {
        var forward = settings.Bool("port-forward");
        var address = forward ? "localhost:4245" : settings.Text("server");
        if (!RpcTarget.TryParse(address, out var target))
        {
            throw CliException.Usage($"--server cannot be \"{address}\"", "write HOST:PORT, tls://HOST:PORT or unix:///PATH");
        }

        var tls = target.Tls || settings.Bool("tls");
        if (!tls)
        {
            foreach (var key in new[] { "tls-allow-insecure", "tls-ca-cert-files", "tls-client-cert-file", "tls-client-key-file", "tls-server-name" })
            {
                // A setting that silently does nothing would leave somebody believing in encryption.
                if (settings.Text(key) is not ("" or "false"))
                {
                    throw CliException.Usage($"--{key} is of no use without TLS", "add --tls, or write the server as tls://HOST:PORT");
                }
            }
        }

        return new RpcChannel(target, new RpcChannelOptions
        {
            Connect = forward ? Forward(settings) : null,
            ConnectTimeout = settings.Duration("timeout"),
            Tls = tls ? Tls(settings) : null,
            Headers = Headers(settings),
        });
    }

    private static Func<CancellationToken, ValueTask<Stream>> Forward(HubbleSettings settings)
    {
        if (!ushort.TryParse(settings.Text("port-forward-port"), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw CliException.Usage($"--port-forward-port cannot be \"{settings.Text("port-forward-port")}\"", "write a port, or 0");
        }

        var client = ClusterFlags.Open(settings.Environment, NotEmpty(settings.Text("kubeconfig")), NotEmpty(settings.Text("kube-context")));
        var @namespace = settings.Text("kube-namespace");
        return cancellation => RelayForward.ConnectAsync(client, @namespace, cancellation);

        static string? NotEmpty(string text) => text.Length > 0 ? text : null;
    }

    private static RpcTlsOptions Tls(HubbleSettings settings)
    {
        string certificate = settings.Text("tls-client-cert-file"), key = settings.Text("tls-client-key-file");
        if ((certificate.Length > 0) != (key.Length > 0))
        {
            throw CliException.Usage($"--tls-client-{(key.Length > 0 ? "cert" : "key")}-file is missing", "a client's certificate and its key go together");
        }

        var authorities = Load("--tls-ca-cert-files", () =>
        {
            var all = new X509Certificate2Collection();
            foreach (var file in settings.List("tls-ca-cert-files"))
            {
                all.ImportFromPemFile(file);
            }

            return all;
        });
        var client = certificate.Length == 0 ? null : Load("--tls-client-cert-file", () => X509Certificate2.CreateFromPemFile(certificate, key));
        return new RpcTlsOptions
        {
            Authorities = authorities.Count == 0 ? null : () => authorities,
            ClientCertificate = client is null ? null : () => client,
            ServerName = settings.Text("tls-server-name") is { Length: > 0 } name ? name : null,
            AllowInsecure = settings.Bool("tls-allow-insecure"),
        };
    }

    private static KeyValuePair<string, string>[] Headers(HubbleSettings settings)
    {
        string user = settings.Text("basic-auth-username"), password = settings.Text("basic-auth-password");
        return user.Length == 0 && password.Length == 0 ? []
            : user.Length == 0 ? throw CliException.Usage("--basic-auth-username is missing", "a password needs its user")
            : [new("authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")))];
    }

    private static T Load<T>(string flag, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception wrong) when (wrong is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"{flag}: {wrong.Message}", "The file must hold PEM data.");
        }
    }
}
