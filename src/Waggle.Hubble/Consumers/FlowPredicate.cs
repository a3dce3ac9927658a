using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Consumers;

/// <summary>Whether a consumer wants a flow. Called for every flow: it neither allocates nor waits.</summary>
public delegate bool FlowPredicate(in FlowRecord flow);

/// <summary>Makes one predicate of lists of filters: a flow passes when an allowed filter takes it (or none is given) and no denied one does.</summary>
/// <exception cref="FormatException">A filter cannot be used; the message names the field.</exception>
public delegate FlowPredicate FlowPredicateCompiler(IReadOnlyList<FlowFilter> allow, IReadOnlyList<FlowFilter> deny);
