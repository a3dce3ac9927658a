using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>Finds out who a request comes from: client certificate, bearer token, or nobody.</summary>
internal sealed class Authenticator(ApiServerRuntime runtime)
{
    private const int MaxCached = 1000;

    // A certificate is checked once; connections of the same client share the result.
    private readonly ConcurrentDictionary<string, UserInfo?> _certificates = new();
    private readonly byte[] _adminToken = SHA256.HashData(Encoding.UTF8.GetBytes(runtime.Options.Pki.AdminToken));

    /// <exception cref="ApiException">401: a credential was given and is not good.</exception>
    public UserInfo Authenticate(HttpContext context)
    {
        if (context.Connection.ClientCertificate is { } certificate)
        {
            return Certificate(certificate) ?? throw ApiException.Unauthorized();
        }
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return WebSocketToken(context) is { } token ? Token(token) : UserInfo.Anonymous;
        }
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? Token(header[7..].Trim()) : throw ApiException.Unauthorized();
    }

    private UserInfo Token(string token)
    {
        if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), _adminToken))
        {
            return new UserInfo("kubernetes-admin", ["system:masters", UserInfo.AuthenticatedGroup]);
        }
        return runtime.Tokens.Validate(token) ?? throw ApiException.Unauthorized();
    }

    private UserInfo? Certificate(X509Certificate2 certificate)
    {
        if (certificate.NotAfter < DateTime.Now)
        {
            return null;
        }
        if (_certificates.Count > MaxCached)
        {
            _certificates.Clear();
        }
        return _certificates.GetOrAdd(certificate.Thumbprint, _ => Check(certificate));
    }

    private UserInfo? Check(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(runtime.Options.Pki.CaCertificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        if (!chain.Build(certificate))
        {
            return null;
        }
        string? name = null;
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            switch (part.GetSingleElementType().Value)
            {
                case "2.5.4.3":
                    name = part.GetSingleElementValue();
                    break;
                case "2.5.4.10" when part.GetSingleElementValue() is { } group:
                    groups.Add(group);
                    break;
            }
        }
        groups.Add(UserInfo.AuthenticatedGroup);
        return string.IsNullOrEmpty(name) ? null : new UserInfo(name, groups);
    }

    // Browsers cannot set headers on WebSockets; Kubernetes takes the token as a subprotocol.
    private static string? WebSocketToken(HttpContext context)
    {
        const string prefix = "base64url.bearer.authorization.k8s.io.";
        foreach (var protocol in context.Request.Headers.SecWebSocketProtocol.SelectMany(v => (v ?? "").Split(',')).Select(p => p.Trim()))
        {
            if (protocol.StartsWith(prefix, StringComparison.Ordinal) && System.Buffers.Text.Base64Url.IsValid(protocol.AsSpan(prefix.Length)))
            {
                return Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(protocol.AsSpan(prefix.Length)));
            }
        }
        return null;
    }
}
