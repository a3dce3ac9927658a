using System.Globalization;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Identities;

/// <summary>Finds the number of a set of labels, and creates the CiliumIdentity when there is none. Thread-safe.</summary>
/// <remarks>
/// Agents do not talk to each other: the number to try follows from the labels, so two agents that need the same identity create the
/// same name. One succeeds, the other reads what won: the same labels (use it) or, on a collision of numbers, others (try the next).
/// </remarks>
public sealed partial class IdentityAllocator(KubeSources kube, ConfigState config, ILogger<IdentityAllocator> logger)
{
    private const int MaxAttempts = 4096;
    private const int MaxLooks = 16;
    private readonly uint _cluster = (uint)config.Current.Number("cluster-id");
    private readonly Dictionary<string, uint> _known = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>The number for these labels.</summary>
    /// <exception cref="KubeApiException">The API cannot be reached or refuses.</exception>
    public async Task<uint> ResolveAsync(IdentityLabels labels, CancellationToken cancellation)
    {
        if (Known(labels) is { } number)
        {
            return number;
        }

        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            uint candidate = labels.Candidate(attempt, _cluster);
            string name = candidate.ToString(CultureInfo.InvariantCulture);
            CiliumIdentity holder = kube.CiliumIdentities.Find(null, name) ?? await CreateOrReadAsync(name, labels, cancellation).ConfigureAwait(false);
            if (LabelsOf(holder).Equals(labels))
            {
                Remember(labels, candidate);
                return candidate;
            }

            LogCollision(candidate, labels.Text);
        }

        throw new InvalidOperationException($"no free identity number for {labels.Text} after {MaxAttempts} attempts; identities in use: {kube.CiliumIdentities.Objects.Count}");
    }

    /// <summary>Makes sure that the identity of a running endpoint exists, under the number that packets carry already.</summary>
    public async Task EnsureAsync(uint number, IdentityLabels labels, CancellationToken cancellation)
    {
        Remember(labels, number);
        string name = number.ToString(CultureInfo.InvariantCulture);
        if (number >= ReservedIdentity.FirstAllocated && kube.CiliumIdentities.Find(null, name) is null)
        {
            await TryCreateAsync(name, labels, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>An identity went away in the API.</summary>
    public void Forget(CiliumIdentity identity)
    {
        lock (_lock)
        {
            _known.Remove(LabelsOf(identity).Text);
        }
    }

    internal static IdentityLabels LabelsOf(CiliumIdentity identity) =>
        IdentityLabels.Of(identity.SecurityLabels.Select(l => l.Key.StartsWith("reserved:", StringComparison.Ordinal) ? l.Key : $"{l.Key}={l.Value}"));

    private uint? Known(IdentityLabels labels)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(labels.Text, out uint number))
            {
                return number;
            }
        }

        // The lowest wins, should there ever be two.
        uint? found = null;
        foreach (CiliumIdentity identity in kube.CiliumIdentities.Objects.Values)
        {
            if (uint.TryParse(identity.Metadata.Name, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number >> 16 == _cluster && (found is null || number < found) && LabelsOf(identity).Equals(labels))
            {
                found = number;
            }
        }

        if (found is { } result)
        {
            Remember(labels, result);
        }

        return found;
    }

    private void Remember(IdentityLabels labels, uint number)
    {
        lock (_lock)
        {
            _known[labels.Text] = number;
        }
    }

    /// <summary>Creates the identity, or reads who has the name.</summary>
    /// <remarks>
    /// "Exists already" and then "not found" means that the holder went away in between, or that a cache in front of the API lags. Either
    /// way this number is not known to be others': going on to the next would give one set of labels two numbers.
    /// </remarks>
    private async Task<CiliumIdentity> CreateOrReadAsync(string name, IdentityLabels labels, CancellationToken cancellation)
    {
        for (int look = 0; look < MaxLooks; look++)
        {
            if (await TryCreateAsync(name, labels, cancellation).ConfigureAwait(false) is { } holder)
            {
                return holder;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1 << look, 250)), cancellation).ConfigureAwait(false);
        }

        throw new InvalidOperationException($"the identity {name} for {labels.Text} can neither be created (it exists already) nor read (it is not found); look at the API server with: kubectl get ciliumidentity {name}");
    }

    /// <summary>Creates the identity; returns who has the name afterwards, null when nobody has it any more.</summary>
    private async Task<CiliumIdentity?> TryCreateAsync(string name, IdentityLabels labels, CancellationToken cancellation)
    {
        var security = new Dictionary<string, string>(StringComparer.Ordinal);
        var plain = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string label in labels.Labels)
        {
            int equals = label.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? label : label[..equals], value = equals < 0 ? "" : label[(equals + 1)..];
            security[key] = value;
            string bare = key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..];
            if (bare.Count(c => c == '/') <= 1 && bare.Length <= 253 && value.Length <= 63)
            {
                plain[bare] = value;
            }
        }

        try
        {
            return await kube.Client.CreateAsync(KubeTypes.CiliumIdentities, new CiliumIdentity { Metadata = new ObjectMeta { Name = name, Labels = plain }, SecurityLabels = security }, cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            return await kube.Client.TryGetAsync(KubeTypes.CiliumIdentities, null, name, cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1021, LogLevel.Debug, "identity number {Number} belongs to other labels than {Labels}; trying the next")]
    private partial void LogCollision(uint number, string labels);
}
