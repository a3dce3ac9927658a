using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Signs and checks ServiceAccount tokens: JWTs with ES256 (RFC 7519, RFC 7515), bound to the account's UID.</summary>
internal sealed class ServiceAccountTokens(ClusterPki pki, ObjectStore store, TimeProvider time)
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";
    private const string Prefix = "system:serviceaccount:";
    private static readonly string s_header = Encode("""{"alg":"ES256","typ":"JWT"}"""u8);
    private readonly Lock _lock = new();

    /// <summary>A token of a ServiceAccount, optionally bound to a pod.</summary>
    public (string Token, DateTimeOffset Expires) Issue(StoredObject account, IReadOnlyList<string> audiences, TimeSpan lifetime, JsonObject? boundTo)
    {
        var now = time.GetUtcNow();
        var expires = now + lifetime;
        var kubernetes = new JsonObject
        {
            ["namespace"] = account.Namespace,
            ["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = J.Str(account.Tree["metadata"], "uid") },
        };
        if (boundTo is not null && J.Str(boundTo, "kind") is { } kind)
        {
            kubernetes[kind.ToLowerInvariant()] = new JsonObject { ["name"] = J.Str(boundTo, "name"), ["uid"] = J.Str(boundTo, "uid") };
        }
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = $"{Prefix}{account.Namespace}:{account.Name}",
            ["aud"] = J.Strings(audiences),
            ["iat"] = J.Num(now.ToUnixTimeSeconds()),
            ["nbf"] = J.Num(now.ToUnixTimeSeconds()),
            ["exp"] = J.Num(expires.ToUnixTimeSeconds()),
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = kubernetes,
        };
        var content = $"{s_header}.{Encode(JsonText.Write(claims))}";
        byte[] signature;
        lock (_lock)
        {
            signature = pki.ServiceAccountKey.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256);
        }
        return ($"{content}.{Encode(signature)}", expires);
    }

    /// <summary>The user of a token; null when it is not ours, expired, or its account has gone.</summary>
    public UserInfo? Validate(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || token.Length > 16 * 1024 || parts[0] != s_header || !Signed(parts) || Decode(parts[1]) is not { } payload)
        {
            return null;
        }
        JsonObject claims;
        try
        {
            claims = JsonText.ParseObject(payload);
        }
        catch (JsonException)
        {
            return null;
        }
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var bound = J.Obj(claims, "kubernetes.io");
        var account = J.Obj(bound, "serviceaccount");
        if (!(J.Int(claims["exp"]) > now) || J.Str(account, "name") is not { } name || J.Str(bound, "namespace") is not { } space)
        {
            return null;
        }
        if (!Alive("serviceaccounts", space, account) || (J.Obj(bound, "pod") is { } pod && !Alive("pods", space, pod)))
        {
            return null;
        }
        return new UserInfo($"{Prefix}{space}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{space}", UserInfo.AuthenticatedGroup], J.Str(account, "uid"));
    }

    private bool Alive(string resource, string space, JsonObject? reference) =>
        J.Str(reference, "name") is { } name
        && store.Snapshot(resource).Find(StoredObject.KeyOf(space, name)) is { } found
        && J.Str(found.Tree["metadata"], "uid") == J.Str(reference, "uid");

    private bool Signed(string[] parts)
    {
        if (Decode(parts[2]) is not { } signature)
        {
            return false;
        }
        lock (_lock)
        {
            return pki.ServiceAccountKey.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256);
        }
    }

    private static string Encode(ReadOnlySpan<byte> data) => Base64Url.EncodeToString(data);

    private static byte[]? Decode(string text) => Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
}
