using Microsoft.Extensions.Logging;

namespace Waggle.Operator.HubbleCertificates;

internal sealed partial class CertificatePass
{
    [LoggerMessage(2091, LogLevel.Information, "certificate in Secret {Name} made, good until {NotAfter}")]
    private partial void LogMade(string name, DateTime notAfter);

    [LoggerMessage(2092, LogLevel.Warning, "Secret {Name} makes no sense and is made anew: {Problem}")]
    private partial void LogUnreadable(string name, string problem);

    [LoggerMessage(2094, LogLevel.Information, "Hubble's authority is a new one, good until {NotAfter}")]
    private partial void LogAuthority(DateTime notAfter);

    [LoggerMessage(2095, LogLevel.Information, "the successor of Hubble's authority is made, good until {NotAfter}; it is trusted first, and signs later")]
    private partial void LogSuccessor(DateTime notAfter);

    [LoggerMessage(2096, LogLevel.Information, "holders of Secret {Name} trust {Count} authorities")]
    private partial void LogTrust(string name, int count);

    [LoggerMessage(2097, LogLevel.Warning, "Secret {Name} needs a certificate, but the authority in Secret cilium-ca ended or has no key (ca.key) to sign it with: put a new one there")]
    private partial void LogCannotSign(string name);
}
