//! Asks the catalogs of an installation whether Microsoft signed a candidate.

use std::cell::OnceCell;

use crate::repair::candidates::CandidateContent;
use crate::repair::detect::Site;
use crate::windows::catalog::store::CatalogStore;

/// Proves content by the catalogs of an installation, which are listed when the first is asked.
#[derive(Debug)]
pub(super) struct Prover<'a> {
    site: &'a Site<'a>,
    store: OnceCell<Option<CatalogStore>>,
}

impl<'a> Prover<'a> {
    pub(super) fn new(site: &'a Site<'a>) -> Self {
        Self {
            site,
            store: OnceCell::new(),
        }
    }

    fn store(&self) -> Option<&CatalogStore> {
        let open = || {
            let folders = &self.site.facts.installation.folders;
            let system32 = folders.expand_remedy_path("{system32}").ok()?;
            // A folder of catalogs that cannot be read proves as little as one that is not there.
            CatalogStore::open(self.site.root, &system32).ok()
        };
        self.store.get_or_init(open).as_ref()
    }

    /// Returns whether anything at all could be proven.
    pub(super) fn has_catalogs(&self) -> bool {
        self.site.trust.is_some() && self.store().is_some_and(|store| !store.is_empty())
    }

    /// Notes what the catalogs prove of a content, unless that is known.
    pub(super) fn prove(&self, content: &mut CandidateContent) {
        if let CandidateContent::Present { digests, proof, .. } = content
            && proof.is_none()
            && let (Some(store), Some(trust)) = (self.store(), self.site.trust)
        {
            let proofs = store.prove_all(std::slice::from_ref(digests), trust);
            *proof = proofs.into_iter().next().map(Box::new);
        }
    }
}
