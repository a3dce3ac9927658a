using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>Texts and times in Secrets.</summary>
internal static class SecretText
{
    public static string? Find(Secret secret, string key) => secret.Data.TryGetValue(key, out string? value) ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : null;

    /// <exception cref="FormatException">It is not there, or not base64.</exception>
    public static string Get(Secret secret, string key) => Find(secret, key) ?? throw new FormatException($"there is no {key}");

    /// <exception cref="FormatException">There is no certificate in it.</exception>
    public static X509Certificate2Collection Certificates(Secret secret, string key)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(Get(secret, key));
        return all.Count > 0 ? all : throw new FormatException($"there is no certificate in {key}");
    }

    public static string Pem(IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(c => c.ExportCertificatePem() + "\n"));

    /// <exception cref="CryptographicException">It has no ECDSA key.</exception>
    public static string KeyPem(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("no ECDSA key");
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>What tells this certificate from every other.</summary>
    public static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>What tells this text from every other.</summary>
    public static string Fingerprint(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static DateTimeOffset? Time(Secret secret, string annotation) =>
        secret.Metadata.Annotations.TryGetValue(annotation, out string? text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) ? time : null;

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    /// <summary>The Secret with these values and annotations; null takes one away, others stay.</summary>
    public static Secret With(Secret secret, IEnumerable<KeyValuePair<string, string?>> data, IEnumerable<KeyValuePair<string, string?>> annotations) => secret with
    {
        Data = Merge(secret.Data, data.Select(d => KeyValuePair.Create(d.Key, d.Value is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(d.Value))))),
        Metadata = secret.Metadata with { Annotations = Merge(secret.Metadata.Annotations, annotations) },
    };

    /// <summary>A Secret that is not there yet.</summary>
    public static Secret Empty(string name, string type) => new()
    {
        Type = type, Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["app.kubernetes.io/part-of"] = "cilium" } },
    };

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> present, IEnumerable<KeyValuePair<string, string?>> changes)
    {
        var result = new Dictionary<string, string>(present, StringComparer.Ordinal);
        foreach ((string key, string? value) in changes)
        {
            if (value is null)
            {
                result.Remove(key);
            }
            else
            {
                result[key] = value;
            }
        }

        return result;
    }
}
