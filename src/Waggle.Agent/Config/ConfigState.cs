using Waggle.Hosting.Config;
using Waggle.State.Tables;

namespace Waggle.Agent.Config;

/// <summary>One key of the configuration and what holds now.</summary>
/// <param name="Wanted">What the ConfigMap says; differs from <paramref name="Value"/> where only a restart takes it up.</param>
public sealed record ConfigRow(string Key, string Value, string Wanted, string Default, bool Live)
{
    public string Status => Value == Wanted ? "" : "waits for a restart of the agent";
}

/// <summary>
/// The configuration in force. A ConfigMap with an unknown key or a bad value is refused as a whole: what held goes on holding. Keys
/// that a running agent cannot change keep the value of its start.
/// </summary>
public sealed class ConfigState
{
    private readonly WaggleConfig _atStart;
    private volatile WaggleConfig _current;

    /// <param name="start">Valid.</param>
    /// <param name="db">Where the table lives.</param>
    /// <param name="refused">Why the ConfigMap at start was not taken, when <paramref name="start"/> is one accepted earlier.</param>
    public ConfigState(WaggleConfig start, StateDb db, IReadOnlyList<string>? refused = null)
    {
        Problems = refused ?? [];
        _atStart = _current = start;
        Table = new Table<string, ConfigRow>(db, "config", r => r.Key,
        [
            new("Key", r => r.Key), new("Value", r => r.Value), new("Default", r => r.Default), new("Live", r => r.Live ? "true" : "false"), new("Status", r => r.Status),
        ]);
        Publish(start);
    }

    public Table<string, ConfigRow> Table { get; }

    public WaggleConfig Current => _current;

    /// <summary>What is wrong with the ConfigMap as it is now, each with the nearest valid key or value; empty when it is accepted.</summary>
    public IReadOnlyList<string> Problems { get; private set; }

    /// <summary>Takes up a changed ConfigMap, or refuses it.</summary>
    /// <returns>False: refused, see <see cref="Problems"/>.</returns>
    public bool Apply(IEnumerable<KeyValuePair<string, string>> data)
    {
        WaggleConfig wanted = WaggleConfig.Parse(data, out IReadOnlyList<string> problems, out _, _current);
        Problems = problems;
        if (problems.Count > 0)
        {
            return false;
        }

        var effective = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ConfigKey key in ConfigKeys.All)
        {
            WaggleConfig source = key.RuntimeChangeable ? wanted : _atStart;
            if (source.IsSet(key.Name))
            {
                effective[key.Name] = source[key.Name];
            }
        }

        _current = WaggleConfig.Parse(effective, out _, out _);
        Publish(wanted);
        return true;
    }

    private void Publish(WaggleConfig wanted)
    {
        using WriteTransaction transaction = Table.Db.Write(Table);
        transaction.Replace(Table, ConfigKeys.All.Select(k => new ConfigRow(k.Name, _current[k.Name], wanted[k.Name], k.Default, k.RuntimeChangeable)));
        transaction.Commit();
    }
}
