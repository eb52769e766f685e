//! Messages as parents and children, and how the THREAD response writes them. Nothing here calls itself: threads may be as
//! deep as the mailbox is large.

use super::Threaded;

/// A place in the forest.
pub type Node = usize;

/// Trees of messages; some places have no message, only children.
#[derive(Debug, Default)]
pub struct Forest {
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Place {
    message: Option<Threaded>,
    parent: Option<Node>,
    children: Vec<Node>,
}

impl Forest {
    /// A place without parent and children.
    pub fn plant(&mut self, message: Option<Threaded>) -> Node {
        self.places.push(Place { message, ..Place::default() });
        self.places.len() - 1
    }

    /// Puts a message at a place that had none.
    pub fn fill(&mut self, node: Node, message: Threaded) {
        if let Some(place) = self.places.get_mut(node) {
            place.message = Some(message);
        }
    }

    pub fn message(&self, node: Node) -> Option<&Threaded> {
        self.places.get(node)?.message.as_ref()
    }

    pub fn parent(&self, node: Node) -> Option<Node> {
        self.places.get(node)?.parent
    }

    pub fn children(&self, node: Node) -> &[Node] {
        self.places.get(node).map_or(&[], |place| &place.children)
    }

    /// All places.
    pub fn nodes(&self) -> std::ops::Range<Node> {
        0..self.places.len()
    }

    /// Makes one the last child of the other, unless that "would introduce a loop" (RFC 5256 §3). The child has no parent yet.
    pub fn adopt(&mut self, parent: Node, child: Node) {
        if parent == child || self.descends(parent, child) {
            return;
        }
        if let Some(place) = self.places.get_mut(child) {
            place.parent = Some(parent);
        }
        if let Some(place) = self.places.get_mut(parent) {
            place.children.push(child);
        }
    }

    /// Takes a child from its parent.
    pub fn orphan(&mut self, child: Node) {
        let parent = self.places.get_mut(child).and_then(|place| place.parent.take());
        if let Some(place) = parent.and_then(|parent| self.places.get_mut(parent)) {
            // Most often it was adopted a moment ago.
            if let Some(at) = place.children.iter().rposition(|have| *have == child) {
                place.children.remove(at);
            }
        }
    }

    /// Takes all children from a place; they have no parent then.
    pub fn disband(&mut self, node: Node) -> Vec<Node> {
        let children = self.places.get_mut(node).map(|place| std::mem::take(&mut place.children)).unwrap_or_default();
        for child in &children {
            if let Some(place) = self.places.get_mut(*child) {
                place.parent = None;
            }
        }
        children
    }

    /// Gives a place other children, which have no parent.
    pub fn reunite(&mut self, node: Node, children: Vec<Node>) {
        for child in &children {
            if let Some(place) = self.places.get_mut(*child) {
                place.parent = Some(node);
            }
        }
        if let Some(place) = self.places.get_mut(node) {
            place.children = children;
        }
    }

    /// Sorts the children of every place by sent date. Places without a message have none below them.
    pub fn sort_children(&mut self) {
        for node in self.nodes() {
            let mut children = self.places.get_mut(node).map(|place| std::mem::take(&mut place.children)).unwrap_or_default();
            children.sort_by_key(|child| self.order(*child));
            if let Some(place) = self.places.get_mut(node) {
                place.children = children;
            }
        }
    }

    /// What siblings are sorted by: "In the case of a dummy message [...] use its first child" (RFC 5256 §3).
    pub fn order(&self, node: Node) -> Option<(i64, u32)> {
        self.spokesman(node).map(Threaded::order)
    }

    /// The message of a place, or of its first child.
    pub fn spokesman(&self, node: Node) -> Option<&Threaded> {
        self.message(node).or_else(|| self.message(*self.children(node).first()?))
    }

    /// Whether one is below the other. What has no children has no descendants, which spares most of the climbing.
    fn descends(&self, node: Node, ancestor: Node) -> bool {
        if self.children(ancestor).is_empty() {
            return false;
        }
        let mut above = self.parent(node);
        while let Some(place) = above {
            if place == ancestor {
                return true;
            }
            above = self.parent(place);
        }
        false
    }

    /// ```abnf
    /// thread-list    = "(" (thread-members / thread-nested) ")"
    /// thread-members = nz-number *(SP nz-number) [SP thread-nested]
    /// thread-nested  = 2*thread-list
    /// ```
    pub fn write(&self, roots: &[Node], out: &mut Vec<u8>) {
        enum Step {
            Thread(Node),
            End,
        }
        let mut steps: Vec<Step> = roots.iter().rev().map(|root| Step::Thread(*root)).collect();
        while let Some(step) = steps.pop() {
            let Step::Thread(mut node) = step else {
                out.push(b')');
                continue;
            };
            out.push(b'(');
            let mut empty = true;
            loop {
                if let Some(message) = self.message(node) {
                    let space = if empty { "" } else { " " };
                    out.extend_from_slice(format!("{space}{}", message.name).as_bytes());
                    empty = false;
                }
                match self.children(node) {
                    [] => {
                        out.push(b')');
                        break;
                    }
                    [only] => node = *only,
                    several => {
                        if !empty {
                            out.push(b' ');
                        }
                        steps.push(Step::End);
                        steps.extend(several.iter().rev().map(|child| Step::Thread(*child)));
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::imap::sort::value::Value;

    /// A message of this number, sent so many seconds after the others.
    pub fn message(number: u32, sent: i64, subject: &str, id: &str, references: &[&str]) -> Threaded {
        let base = crate::imap::sort::base_subject::base_subject(subject);
        Threaded {
            number,
            name: number,
            subject: Value::Text(base.text.to_uppercase()),
            is_reply_or_forward: base.is_reply_or_forward,
            sent,
            message_id: (!id.is_empty()).then(|| id.to_owned()),
            references: references.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    pub fn written((forest, roots): (Forest, Vec<Node>)) -> String {
        let mut out = Vec::new();
        forest.write(&roots, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The example of RFC 5256 §4: `(2)(3 6 (4 23)(44 7 96))`.
    #[test]
    fn threads_are_written_as_in_the_example() {
        let mut forest = Forest::default();
        let mut plant = |number| forest.plant(Some(message(number, 0, "", "", &[])));
        let [two, three, six, four, other, more, seven, last] = [2, 3, 6, 4, 23, 44, 7, 96].map(&mut plant);
        for (parent, child) in [(three, six), (six, four), (four, other), (six, more), (more, seven), (seven, last)] {
            forest.adopt(parent, child);
        }
        forest.adopt(last, three);
        let dummy = forest.plant(None);
        let children = [31, 32].map(|number| forest.plant(Some(message(number, 0, "", "", &[]))));
        children.into_iter().for_each(|child| forest.adopt(dummy, child));
        assert_eq!(written((forest, vec![two, three, dummy])), "(2)(3 6 (4 23)(44 7 96))((31)(32))");
    }
}
