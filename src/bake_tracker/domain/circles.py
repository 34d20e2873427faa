"""Things that would contain themselves: recipes, finished goods and categories."""

from collections.abc import Collection, Iterator, Mapping


def circles(children: Mapping[str, Collection[str]]) -> Iterator[list[str]]:
    """Every circle, from a node back to it; the nodes of one are left out of the next. Each reference is read once."""
    done: set[str] = set()
    for root in children:
        path, places = [root], {root: 0}
        following = [iter(children[root] if root not in done else ())]
        while path:
            child = next(following[-1], None)
            if child is None:
                following.pop()
                last = path.pop()
                done.add(last)
                del places[last]
            elif child in places:
                circle = path[places[child] :]
                yield [*circle, child]
                for node in circle:
                    done.add(node)
                    del places[node]
                del path[-len(circle) :], following[-len(circle) :]
            elif child not in done:
                places[child] = len(path)
                path.append(child)
                following.append(iter(children.get(child, ())))
