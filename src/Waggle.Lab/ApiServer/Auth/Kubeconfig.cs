using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>Renders kubeconfig files.</summary>
internal static class Kubeconfig
{
    public static string Render(string context, string server, string caPem, ClientCredential user) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {context}
          cluster:
            server: {server}
            certificate-authority-data: {Encode(caPem)}
        users:
        - name: {context}
          user:
            client-certificate-data: {Encode(user.CertificatePem)}
            client-key-data: {Encode(user.KeyPem)}
        contexts:
        - name: {context}
          context:
            cluster: {context}
            user: {context}
        current-context: {context}

        """;

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
