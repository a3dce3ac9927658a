namespace Waggle.Policy.Compile;

/// <summary>Numbers for places in policies: the same place keeps its number while a version of its policy is known, so counters outlive edits.</summary>
internal sealed class PlaceTable
{
    private readonly Dictionary<RulePlace, (OriginTable.Place Place, int Uses)> _all = [];
    private int _next;

    public OriginTable.Place Acquire(RulePlace of)
    {
        (OriginTable.Place place, int uses) = _all.GetValueOrDefault(of);
        place ??= new OriginTable.Place(_next++, of);
        _all[of] = (place, uses + 1);
        return place;
    }

    public void Release(OriginTable.Place place)
    {
        if (_all.TryGetValue(place.Of, out (OriginTable.Place Place, int Uses) entry))
        {
            if (entry.Uses == 1)
            {
                _all.Remove(place.Of);
            }
            else
            {
                _all[place.Of] = (entry.Place, entry.Uses - 1);
            }
        }
    }
}
