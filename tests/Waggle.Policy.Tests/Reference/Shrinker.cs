namespace Waggle.Policy.Tests.Reference;

/// <summary>Takes away from a failing cluster whatever the failure does not need.</summary>
internal static class Shrinker
{
    public static MCluster Shrink(MCluster cluster, Func<MCluster, bool> fails)
    {
        for (bool smaller = true; smaller;)
        {
            smaller = false;
            foreach (Action<MCluster> cut in Cuts(cluster))
            {
                MCluster candidate = Copy(cluster);
                cut(candidate);
                if (fails(candidate))
                {
                    cluster = candidate;
                    smaller = true;
                    break;
                }
            }
        }

        return cluster;
    }

    private static IEnumerable<Action<MCluster>> Cuts(MCluster cluster)
    {
        for (int i = 0; i < cluster.Policies.Count; i++)
        {
            int policy = i;
            yield return c => c.Policies.RemoveAt(policy);
        }

        for (int i = 0; i < cluster.Endpoints.Count; i++)
        {
            int endpoint = i;
            yield return c => c.Endpoints.RemoveAt(endpoint);
        }

        for (int p = 0; p < cluster.Policies.Count; p++)
        {
            int policy = p;
            for (int r = 0; r < cluster.Policies[p].NetRules.Count; r++)
            {
                int rule = r;
                yield return c => c.Policies[policy].NetRules.RemoveAt(rule);
            }

            for (int s = 0; s < cluster.Policies[p].Specs.Count; s++)
            {
                int spec = s;
                if (cluster.Policies[p].Specs.Count > 1)
                {
                    yield return c => c.Policies[policy].Specs.RemoveAt(spec);
                }

                for (int n = 0; n < cluster.Policies[p].Specs[s].Sections.Count; n++)
                {
                    int section = n;
                    yield return c => c.Policies[policy].Specs[spec].Sections.RemoveAt(section);
                    if (cluster.Policies[p].Specs[s].Sections[n].ToPorts is not null)
                    {
                        yield return c => c.Policies[policy].Specs[spec].Sections[section].ToPorts = null;
                    }

                    if (cluster.Policies[p].Specs[s].Sections[n].Requires is not null)
                    {
                        yield return c => c.Policies[policy].Specs[spec].Sections[section].Requires = null;
                    }
                }

                for (int n = 0; n < cluster.Policies[p].Specs[s].Subject.Conditions.Count; n++)
                {
                    int condition = n;
                    yield return c => c.Policies[policy].Specs[spec].Subject.Conditions.RemoveAt(condition);
                }
            }
        }

        for (int i = 0; i < cluster.Services.Count; i++)
        {
            int service = i;
            yield return c => c.Services.RemoveAt(service);
        }
    }

    private static MCluster Copy(MCluster c) => new()
    {
        Name = c.Name,
        Mode = c.Mode,
        Namespaces = c.Namespaces,
        Groups = c.Groups,
        Endpoints = [.. c.Endpoints],
        Services = [.. c.Services],
        Policies = [.. c.Policies.Select(p => new MPolicy
        {
            Kind = p.Kind,
            Namespace = p.Namespace,
            Name = p.Name,
            IsOnTrial = p.IsOnTrial,
            Pods = p.Pods,
            Types = p.Types,
            NetRules = [.. p.NetRules],
            Specs = [.. p.Specs.Select(s => new MSpec
            {
                Subject = new MSelector([.. s.Subject.Conditions]),
                IsNode = s.IsNode,
                DenyIngress = s.DenyIngress,
                DenyEgress = s.DenyEgress,
                Sections = [.. s.Sections.Select(x => new MSection
                {
                    IsIngress = x.IsIngress, IsDeny = x.IsDeny, Endpoints = x.Endpoints, Requires = x.Requires, Nodes = x.Nodes, Cidrs = x.Cidrs, CidrSet = x.CidrSet,
                    Entities = x.Entities, Services = x.Services, HasFqdns = x.HasFqdns, HasGroups = x.HasGroups, ToPorts = x.ToPorts, Icmps = x.Icmps, Authentication = x.Authentication,
                })],
            })],
        })],
    };
}
