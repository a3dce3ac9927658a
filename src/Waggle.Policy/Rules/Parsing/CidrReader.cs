using System.Collections.Immutable;
using Waggle.Policy.Addresses;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads prefixes.</summary>
internal static class CidrReader
{
    private static readonly IpPrefix s_mapped = Must("::ffff:0:0/96");

    /// <summary>One prefix.</summary>
    /// <param name="field">The text.</param>
    /// <param name="needsLength">False: a single address will do.</param>
    public static IpPrefix? Prefix(Field field, bool needsLength)
    {
        string? text = field.Text();
        if (string.IsNullOrEmpty(text))
        {
            field.Error("is required");
            return null;
        }

        if (!IpPrefix.TryParse(text, out IpPrefix prefix) || (needsLength && !text.Contains('/', StringComparison.Ordinal)))
        {
            field.Error($"{ProblemList.Quote(text)} is no CIDR such as 192.0.2.0/24 or 2001:db8::/32");
            return null;
        }

        if (s_mapped.Contains(prefix))
        {
            field.Error($"{ProblemList.Quote(text)} is IPv4 written as IPv6: write it as IPv4");
            return null;
        }

        return prefix;
    }

    /// <summary>An entry of <c>fromCIDRSet</c> or <c>toCIDRSet</c>.</summary>
    public static Peer? SetEntry(Field field)
    {
        if (!field.IsObject())
        {
            return null;
        }

        field.Only("cidr", "cidrGroupRef", "except");
        bool hasCidr = field["cidr"].Exists, hasGroup = field["cidrGroupRef"].Exists;
        if (hasCidr == hasGroup)
        {
            field.Error("needs either cidr or cidrGroupRef");
            return null;
        }

        if (hasGroup)
        {
            string? name = field["cidrGroupRef"].Text();
            if (name is null || !LabelSyntax.IsDnsName(name))
            {
                field["cidrGroupRef"].Error($"{ProblemList.Quote(name)} is no name of a CiliumCIDRGroup");
                return null;
            }

            return new CidrGroupPeer(name, Except(field["except"], null, strictly: false));
        }

        return Prefix(field["cidr"], needsLength: true) is { } prefix ? new CidrPeer(prefix, Except(field["except"], prefix, strictly: false)) : null;
    }

    /// <summary>What is left out of a prefix.</summary>
    /// <param name="field">The list.</param>
    /// <param name="within">What each must be part of; null for anything.</param>
    /// <param name="strictly">True: each must be smaller.</param>
    public static ImmutableArray<IpPrefix> Except(Field field, IpPrefix? within, bool strictly)
    {
        var except = ImmutableArray.CreateBuilder<IpPrefix>();
        foreach (Field item in field.Items() ?? [])
        {
            if (Prefix(item, needsLength: true) is not { } prefix)
            {
                continue;
            }

            if (within is { } whole && (!whole.Contains(prefix) || (strictly && whole == prefix)))
            {
                item.Error($"{prefix} is not part of {whole}{(strictly && whole == prefix ? " but all of it" : "")}");
                continue;
            }

            except.Add(prefix);
        }

        except.Sort();
        return except.DrainToImmutable();
    }

    private static IpPrefix Must(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException(text);
}
