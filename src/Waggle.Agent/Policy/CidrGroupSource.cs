using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.Policy.Rules;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>A CiliumCIDRGroup.</summary>
public sealed record CidrGroupRow(ParsedCidrGroup Group, string Version)
{
    public bool Equals(CidrGroupRow? other) => other is not null && Group.Name == other.Group.Name && Version == other.Version;

    public override int GetHashCode() => Version.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Table <c>cidr-groups</c>.</summary>
public sealed class CidrGroupTable(StateDb db) : Table<string, CidrGroupRow>(
    db, "cidr-groups", r => r.Group.Name, [new("Name", r => r.Group.Name), new("Prefixes", r => string.Join(", ", r.Group.Prefixes)), new("Problems", r => string.Join("; ", r.Group.Errors))]);

/// <summary>CiliumCIDRGroups → table <c>cidr-groups</c>.</summary>
internal sealed class CidrGroupSource(KubeSources kube, CidrGroupTable table) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        kube.CiliumCidrGroups.OnChange(change =>
        {
            using JsonDocument document = JsonDocument.Parse(change.Object.ToJsonString());
            ParsedCidrGroup group = PolicyParser.ParseCidrGroup(document.RootElement.Clone());
            if (change.IsDeleted)
            {
                table.Delete(group.Name);
            }
            else
            {
                table.Upsert(new CidrGroupRow(group, (string?)change.Object["metadata"]?["resourceVersion"] ?? ""));
            }
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
