namespace Waggle.Kube.Config;

/// <summary>Yields the bearer token to send now.</summary>
public interface ITokenSource
{
    string Current();
}

/// <summary>A token that never changes.</summary>
public sealed class StaticToken(string token) : ITokenSource
{
    public string Current() => token;
}

/// <summary>A token file that is rotated by someone else, read again at most once a minute.</summary>
/// <remarks>If a re-read fails the last good token is kept: it is likely still valid, and rotation replaces files atomically.</remarks>
public sealed class FileToken(string path, TimeProvider time) : ITokenSource
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private string? _token;
    private long _readAt;

    public string Current()
    {
        lock (_gate)
        {
            if (_token is null || time.GetElapsedTime(_readAt) >= Lifetime)
            {
                try
                {
                    _token = File.ReadAllText(path).Trim();
                    _readAt = time.GetTimestamp();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    if (_token is null)
                    {
                        throw new KubeConfigException($"Cannot read the token file {path}: {e.Message}", e);
                    }
                }
            }

            return _token;
        }
    }
}
